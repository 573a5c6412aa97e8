/**
 * The API as the variables of a function name it. Those of the settings (WEIR_RESULTS, WEIR_ZONE
 * and the like) are read by the product's own code; WEIR_CORS is besides: the origins whose pages
 * may read answers, exactly, with commas between.
 */
import { randomBytes, randomInt } from 'node:crypto'
import type { Call, GatewayHandler } from '../../../src/api/lambda/gateway.ts'
import { createGatewayHandler } from '../../../src/api/lambda/gateway.ts'
import { createPlaceApi } from '../../../src/flow/serve/place-reader.ts'
import type { LoadedConfig } from '../../../src/main/config/load.ts'
import { parseS3Url } from '../../../src/main/config/s3-url.ts'
import { openS3Objects } from '../../../src/objects/s3/s3-objects.ts'
import type { Clock } from '../../../src/std/clock.ts'
import { Fault } from '../../../src/std/fault.ts'
import { createPrng } from '../../../src/std/prng.ts'
import { SECOND_MS } from '../../../src/std/units.ts'
import type { FunctionPlace } from '../function-config.ts'
import { loadFunctionConfig } from '../function-config.ts'

export interface OpenOptions extends FunctionPlace {
  readonly version: string
  readonly clock: Clock
  readonly served: (call: Call) => void
  readonly report: (error: unknown) => void
}

const CORS = 'WEIR_CORS'
/** Workers commit to a bucket every ten seconds; a look is a listing, and a get for each shard. */
const LOOK_MS_MAX = 5 * SECOND_MS
/** API Gateway waits for 29 seconds, and a person for less. */
const CALL_MS_MAX = 8 * SECOND_MS
const REQUEST_MS_MAX = 4 * SECOND_MS
/** Some 600 bytes each, so 360 MB of the function's 1024. */
const VIEW_SIZE_MAX = 600_000
const WRITER_BYTES = 16
const SEED_MAX = 2 ** 32

/** Asks nothing of the world yet. Throws CONFIG_INVALID, naming the variable. */
export async function openApi(options: OpenOptions): Promise<GatewayHandler> {
  const { environment, version, clock, served, report } = options
  const config = await loadFunctionConfig(options, [CORS])
  const app = createPlaceApi({
    objects: openPlace(config, clock),
    plans: config.plans,
    layout: null,
    viewSizeMax: VIEW_SIZE_MAX,
    lookMsMax: LOOK_MS_MAX,
    clock,
    version,
    report,
  })
  return createGatewayHandler({ app, originsAllowed: originsOf(environment), served, report })
}

function openPlace({ settings }: LoadedConfig, clock: Clock): ReturnType<typeof openS3Objects> {
  const { results, s3Endpoint, s3Region, s3ForcePathStyle } = settings
  const url = parseS3Url(results, 'WEIR_RESULTS')
  if (url === null) {
    const message = `WEIR_RESULTS is '${results}', which is no s3://bucket/folder`
    throw new Fault('CONFIG_INVALID', `${message}; deploy the api stack anew`)
  }
  return openS3Objects({
    ...url,
    forcePathStyle: s3ForcePathStyle === 'on',
    ...(s3Endpoint === '' ? {} : { endpoint: s3Endpoint }),
    ...(s3Region === '' ? {} : { region: s3Region }),
    requestMsMax: REQUEST_MS_MAX,
    callMsMax: CALL_MS_MAX,
    writer: randomBytes(WRITER_BYTES).toString('hex'),
    clock,
    prng: createPrng(randomInt(SEED_MAX)),
  })
}

function originsOf(environment: OpenOptions['environment']): readonly string[] {
  const listed = (environment[CORS] ?? '').split(',').map(origin => origin.trim())
  return listed.filter(origin => origin !== '')
}
