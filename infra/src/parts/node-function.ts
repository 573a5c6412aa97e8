/**
 * A Lambda function of ours: Node 24 on ARM, one ES module made by the esbuild that is installed
 * here, so that neither Docker nor a network is asked; a log group of its own; a role that may
 * write there, and what it is told.
 */
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { PolicyStatement } from 'aws-cdk-lib/aws-iam'
import { Role, ServicePrincipal, PolicyStatement as Statement } from 'aws-cdk-lib/aws-iam'
import { Architecture, Runtime } from 'aws-cdk-lib/aws-lambda'
import type { ICommandHooks } from 'aws-cdk-lib/aws-lambda-nodejs'
import { NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

export interface NodeFunctionProps {
  /** Folder of `infra/lambda/`; its `handler.ts` exports `handler`. */
  readonly folder: string
  readonly about: string
  readonly environment: Readonly<Record<string, string>>
  readonly statements: readonly PolicyStatement[]
  readonly memoryMib: number
  readonly timeoutSeconds: number
  /** How many run at once, which no other function of the account may take. */
  readonly reserved?: number
  /** Files that lie beside the bundle: name there, path from the root of the checkout. */
  readonly files?: Readonly<Record<string, string>>
  /** Whether the shop's `weir.config.ts`, if it has one, lies there as `weir.config.mjs`. */
  readonly takesConfig?: boolean
}

export interface NodeFunction {
  readonly function: NodejsFunction
  readonly role: Role
}

export function createNodeFunction(
  scope: Construct,
  id: string,
  props: NodeFunctionProps,
): NodeFunction {
  const logGroup = new LogGroup(scope, `${id}Log`, {
    retention: RetentionDays.ONE_MONTH,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const role = new Role(scope, `${id}Role`, {
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
    description: `Weir: ${props.about}`,
  })
  const writesLog = new Statement({
    actions: ['logs:CreateLogStream', 'logs:PutLogEvents'],
    resources: [logGroup.logGroupArn],
  })
  for (const statement of [writesLog, ...props.statements]) role.addToPolicy(statement)
  const made = new NodejsFunction(scope, id, {
    ...PROPS,
    bundling: { ...BUNDLING, commandHooks: toHooks(props) },
    role,
    logGroup,
    description: `Weir: ${props.about}`,
    entry: `${INFRA}lambda/${props.folder}/handler.ts`,
    environment: props.environment,
    memorySize: props.memoryMib,
    timeout: Duration.seconds(props.timeoutSeconds),
    ...(props.reserved === undefined ? {} : { reservedConcurrentExecutions: props.reserved }),
  })
  return { function: made, role }
}

const ROOT = fileURLToPath(new URL('../../../', import.meta.url))
/** Where esbuild is installed, and so where it is found and started. */
const INFRA = `${ROOT}infra/`
/** Where `weir` looks for it too. */
const CONFIG = 'weir.config.ts'

const PROPS = {
  runtime: Runtime.NODEJS_24_X,
  architecture: Architecture.ARM_64,
  handler: 'handler',
  projectRoot: INFRA,
  depsLockFilePath: `${INFRA}package-lock.json`,
  awsSdkConnectionReuse: false,
}

const BUNDLING = {
  format: OutputFormat.ESM,
  target: 'node24',
  mainFields: ['module', 'main'],
  minify: true,
  // The SDK of the runtime changes under a function; ours is pinned, and what was tested.
  externalModules: [],
  // What is still CommonJS asks for modules of Node by `require`.
  banner:
    "import { createRequire as __createRequire } from 'node:module';" +
    'const require = __createRequire(import.meta.url);',
}

function toHooks({ files = {}, takesConfig = false }: NodeFunctionProps): ICommandHooks {
  const hasConfig = takesConfig && existsSync(`${ROOT}${CONFIG}`)
  return {
    beforeInstall: () => [],
    beforeBundling: () => [],
    afterBundling: (_, outputDir) => [
      ...Object.entries(files).map(([name, path]) => `cp "${ROOT}${path}" "${outputDir}/${name}"`),
      ...(hasConfig ? [toBundleConfig(outputDir)] : []),
    ],
  }
}

/** The words of a config come with it: it imports `weir`. */
function toBundleConfig(outputDir: string): string {
  return [
    `"${INFRA}node_modules/.bin/esbuild" "${ROOT}${CONFIG}"`,
    '--bundle --platform=node --format=esm',
    `"--alias:weir=${ROOT}src/index.ts" "--outfile=${outputDir}/weir.config.mjs"`,
  ].join(' ')
}
