/**
 * Login to Amazon MSK by IAM: a token is a signed request, made from the credentials that every AWS
 * program finds, and good for fifteen minutes. A broker that takes one says how long its session
 * lasts, and the client presents the next one on the same connection before it ends (KIP-368), so
 * nothing has to be kept here. The signer is Amazon's; it is no dependency of Weir, since few need
 * it, and is loaded when the first connection is made.
 */
import type { Secret } from '../../model/kafka.ts'
import { Fault, messageOf } from '../../std/fault.ts'

/** What we use of `aws-msk-iam-sasl-signer-js`. */
export interface MskSigner {
  generateAuthToken(options: { readonly region: string }): Promise<{ readonly token: string }>
}

export type LoadSigner = () => Promise<MskSigner>

const SIGNER = 'aws-msk-iam-sasl-signer-js'
const SIGNER_VERSION = '1.0.3'

/** Throws PROGRAM_MISSING with what to install. A second call loads nothing anew. */
export async function loadMskSigner(
  load: LoadSigner = () => import('aws-msk-iam-sasl-signer-js'),
): Promise<MskSigner> {
  try {
    return await load()
  } catch (cause) {
    throw new Fault(
      'PROGRAM_MISSING',
      `login to kafka by aws-msk-iam needs a package that is not installed beside weir: ` +
        `npm install ${SIGNER}@${SIGNER_VERSION} (${messageOf(cause)})`,
      { cause },
    )
  }
}

/** Gives a token whenever it is asked; those who ask at once get the same one. */
export function createIamToken(region: string, load?: LoadSigner): Secret {
  let pending: Promise<string> | null = null
  const sign = async (): Promise<string> => {
    const signer = await loadMskSigner(load)
    return (await signer.generateAuthToken({ region })).token
  }
  return () => {
    pending ??= sign().finally(() => {
      pending = null
    })
    return pending
  }
}

/** As in `b-1.shop.a1b2c3.c2.kafka.eu-central-1.amazonaws.com`; null: it is no host of MSK. */
export function regionOfBroker(host: string): string | null {
  const match = /\.kafka(?:-serverless)?\.([a-z]{2}(?:-[a-z]+)+-\d)\.amazonaws\.com(?:\.cn)?$/.exec(
    host,
  )
  return match?.[1] ?? null
}
