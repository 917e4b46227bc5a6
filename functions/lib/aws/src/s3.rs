//! The S3 client of both buckets.

use crate::client::Aws;
use aws_sdk_s3::Client;

/// S3, as this deployment reaches it.
pub(crate) fn client(aws: &Aws) -> Client {
    let config = aws.sdk_config();
    let config = aws_sdk_s3::config::Builder::from(config)
        // A custom endpoint has no DNS name for each bucket.
        .force_path_style(config.endpoint_url().is_some())
        .build();
    Client::from_conf(config)
}
