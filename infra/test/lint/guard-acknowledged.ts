/**
 * What AWS Control Tower's rules find in the stacks and stays as it is: each rule, where it is
 * found, and why.
 */
import type { Acknowledged } from './findings.ts'

export const GUARD_ACKNOWLEDGED: readonly Acknowledged[] = [
  {
    rule: 'api_gw_v1_execution_logging_enabled_check',
    in: ['api', 'batch'],
    reason: 'access logs tell each call; execution logs would write down bodies and keys',
  },
  {
    rule: 'api_gw_xray_enabled_check',
    in: ['api', 'batch'],
    reason: 'traces bill by the call; there is one function, which tells how long it took',
  },
  {
    rule: 'cloudfront_origin_failover_enabled_check',
    in: ['api'],
    reason: 'the page is a few files that the next deployment puts there again',
  },
  {
    rule: 'cloudfront_access_logs_enabled_check',
    in: ['api'],
    reason: 'static files, the same for everybody: nobody asks who came',
  },
  ...['custom_ssl_certificate', 'sni_enabled', 'security_policy'].map(rule => ({
    rule: `cloudfront_${rule}_check`,
    in: ['api'],
    reason: "the name is CloudFront's own, and with it its certificate and the TLS that it takes",
  })),
  {
    rule: 'cloudwatch_log_group_retention_period_check',
    in: ['api', 'batch', 'guardrails', 'stream'],
    reason: 'a year is asked for; logs of a week or a month say enough, and bill for less',
  },
  {
    rule: 'cloudwatch_log_group_encrypted_check',
    in: ['api', 'batch', 'guardrails', 'stream'],
    reason: 'they are encrypted by AWS; a key of your own bills by the month, and is yours to add',
  },
  {
    rule: 'lambda_function_public_access_prohibited_check',
    in: ['api', 'batch'],
    reason: 'it asks for an account; these name API Gateway, and the one method that may call',
  },
  {
    rule: 'lambda_inside_vpc_check',
    in: ['api', 'batch', 'guardrails', 'stream'],
    reason: 'they call AWS alone; in a VPC without NAT they would reach nothing of it but S3',
  },
  {
    rule: 's3_bucket_default_encryption_kms_check',
    in: ['api', 'lake'],
    reason: 'S3 encrypts with its own keys; a key of KMS bills each of the many small requests',
  },
  {
    rule: 's3_bucket_logging_enabled_check',
    in: ['api', 'lake'],
    reason: 'only roles of these stacks reach them; a line for each of their requests tells little',
  },
  {
    rule: 's3_event_notifications_enabled_check',
    in: ['api', 'lake'],
    reason: 'nothing waits for an object: readers list, or look at the manifest',
  },
  {
    rule: 's3_bucket_object_lock_enabled_check',
    in: ['api', 'lake'],
    reason: 'manifests are replaced and merged rows removed; versions keep the lake from accidents',
  },
  {
    rule: 's3_bucket_versioning_enabled_check',
    in: ['api'],
    reason: 'the bucket of the page holds nothing that cannot be built again',
  },
  {
    rule: 's3_lifecycle_policy_check',
    in: ['api'],
    reason: 'the files of the page stay until the next ones replace them',
  },
  {
    rule: 'ec2_launch_template_monitoring_enabled_check',
    in: ['batch'],
    reason: 'metrics by the minute bill; an instance tells how its one run ended',
  },
  {
    rule: 'ec2_launch_template_public_ip_disabled_check',
    in: ['batch'],
    reason: 'there is no NAT, which would cost more than the brokers; no rule lets anybody in',
  },
  { rule: 'sqs_dlq_check', in: ['batch'], reason: 'it is the dead-letter queue' },
  {
    rule: 'subnet_auto_assign_public_ip_disabled_check',
    in: ['network'],
    reason: 'there is no NAT, which would cost more than the brokers; no rule lets anybody in',
  },
  {
    rule: 'ecs_service_assign_public_ip_disabled_check',
    in: ['stream'],
    reason: 'there is no NAT, which would cost more than the brokers; no rule lets anybody in',
  },
  {
    rule: 'ecs_container_insights_enabled_check',
    in: ['stream'],
    reason: 'Container Insights bills by the metric; the processes print what alarms look at',
  },
  {
    rule: 'alb_http_to_https_redirection_check',
    in: ['stream'],
    reason: 'only without a certificate, for a trial; with one it redirects',
  },
  {
    rule: 'elbv2_deletion_protection_enabled_check',
    in: ['stream'],
    reason: 'it keeps nothing, and cdk destroy is to leave nothing that bills',
  },
  {
    rule: 'elbv2_logging_enabled_check',
    in: ['stream'],
    reason: "they would keep visitors' addresses; the collector counts requests and refusals",
  },
]
