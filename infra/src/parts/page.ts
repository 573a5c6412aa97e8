/**
 * The page over CloudFront: its files in a bucket that only this distribution reads, under a policy
 * that lets it talk to its API and to nobody else. `config.json` tells it where that is.
 */
import { fileURLToPath } from 'node:url'
import { Duration, RemovalPolicy } from 'aws-cdk-lib'
import type { ResponseHeadersPolicyProps } from 'aws-cdk-lib/aws-cloudfront'
import {
  CachePolicy,
  Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  HttpVersion,
  PriceClass,
  ResponseHeadersPolicy,
  ViewerProtocolPolicy,
} from 'aws-cdk-lib/aws-cloudfront'
import { S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins'
import { PolicyStatement, Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from 'aws-cdk-lib/aws-s3'
import type { ISource, SourceConfig } from 'aws-cdk-lib/aws-s3-deployment'
import { BucketDeployment, CacheControl, Source } from 'aws-cdk-lib/aws-s3-deployment'
import type { Construct } from 'constructs'

export interface Dashboard {
  readonly distribution: Distribution
  readonly bucket: Bucket
}

const PAGE: string = fileURLToPath(new URL('../../../web/dist', import.meta.url))
const HSTS: Duration = Duration.days(365)

/** `apiOrigin`: what the page may talk to, `https://host`. */
export function createDashboard(scope: Construct, apiOrigin: string): Dashboard {
  const bucket = createBucket(scope)
  const distribution = new Distribution(scope, 'Page', {
    comment: 'Weir: the page',
    defaultRootObject: 'index.html',
    httpVersion: HttpVersion.HTTP2_AND_3,
    priceClass: PriceClass.PRICE_CLASS_100,
    defaultBehavior: {
      origin: S3BucketOrigin.withOriginAccessControl(bucket),
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      // Files say `no-cache`: a browser asks whether they changed, and CloudFront after a second.
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy: new ResponseHeadersPolicy(scope, 'PageHeaders', toHeaders(apiOrigin)),
    },
  })
  return { distribution, bucket }
}

/** It holds nothing that cannot be built again. */
function createBucket(scope: Construct): Bucket {
  return new Bucket(scope, 'PageBucket', {
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    minimumTLSVersion: 1.2,
    encryption: BucketEncryption.S3_MANAGED,
    objectOwnership: ObjectOwnership.BUCKET_OWNER_ENFORCED,
    removalPolicy: RemovalPolicy.DESTROY,
  })
}

/** As `weir serve` sends them (src/api/node/pages.ts), and what only TLS makes sense for. */
function toHeaders(apiOrigin: string): ResponseHeadersPolicyProps {
  const policy =
    `default-src 'self'; connect-src 'self' ${apiOrigin}; img-src 'self' data:; ` +
    "object-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  const custom = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  }
  return {
    comment: 'Weir: the page',
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy: policy, override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      strictTransportSecurity: { accessControlMaxAge: HSTS, override: true },
    },
    customHeadersBehavior: {
      customHeaders: Object.entries(custom).map(([header, value]) => {
        return { header, value, override: true }
      }),
    },
  }
}

/**
 * Puts the files there, and `config.json`; without Docker, and without a network until deployed.
 */
export function deployPage(
  scope: Construct,
  { bucket, distribution }: Dashboard,
  apiUrl: string,
): void {
  const role = new Role(scope, 'PageDeployRole', {
    description: 'Weir: puts the files of the page in their bucket',
    assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
  })
  const logGroup = new LogGroup(scope, 'PageDeployLog', {
    retention: RetentionDays.ONE_WEEK,
    removalPolicy: RemovalPolicy.DESTROY,
  })
  const assets: string[] = []
  const noted = (source: ISource): ISource => ({
    bind: (at, context): SourceConfig => {
      const bound = source.bind(at, context)
      assets.push(bound.bucket.arnForObjects(bound.zipObjectKey))
      return bound
    },
  })
  const config = { api: apiUrl }
  new BucketDeployment(scope, 'PageFiles', {
    sources: [noted(Source.asset(PAGE)), noted(Source.jsonData('config.json', config))],
    destinationBucket: bucket,
    distribution,
    distributionPaths: ['/*'],
    cacheControl: [CacheControl.noCache()],
    // When the stack goes, so do the files, and then the bucket.
    retainOnDelete: false,
    logGroup,
    // What it would be given is all of the bucket of assets, and all distributions.
    role: role.withoutPolicyUpdates(),
  })
  const may = (actions: readonly string[], resources: readonly string[]): void => {
    role.addToPolicy(new PolicyStatement({ actions: [...actions], resources: [...resources] }))
  }
  may(['s3:GetObject'], assets)
  may(['s3:ListBucket', 's3:GetBucketTagging'], [bucket.bucketArn])
  may(['s3:PutObject', 's3:DeleteObject'], [bucket.arnForObjects('*')])
  may(
    ['cloudfront:CreateInvalidation', 'cloudfront:GetInvalidation'],
    [distribution.distributionArn],
  )
  may(['logs:CreateLogStream', 'logs:PutLogEvents'], [logGroup.logGroupArn])
}
