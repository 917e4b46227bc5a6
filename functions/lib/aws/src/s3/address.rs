//! The address of a bucket, by S3's endpoint rules.

use crate::endpoint::{RESERVED, Service, address, set_by_the_caller};
use aws_types::SdkConfig;
use percent_encoding::utf8_percent_encode;

/// S3. Its bytes are signed as they are sent, and its paths are neither tidied nor encoded twice.
pub(crate) const S3: Service = Service { id: "S3", name: "s3" };

/// The address of a bucket: a host of its own, or a path where it can't have one. `None` when the settings
/// contradict each other, or name no region or no bucket.
pub(super) fn bucket(config: &SdkConfig, name: &str) -> Option<String> {
    let url = address(config, &S3)?;
    let url = url.trim_end_matches('/');
    let of_aws = set_by_the_caller(config, &S3).is_none();
    let in_china = config.region().is_some_and(|region| region.as_ref().starts_with("cn-"));
    if name.trim().is_empty() || of_aws && in_china && config.use_fips() == Some(true) {
        return None;
    }
    Some(match url.strip_prefix("https://") {
        // A custom endpoint has no DNS name for each bucket.
        Some(host) if of_aws && is_label(name) => format!("https://{name}.{host}"),
        _ => format!("{url}/{}", utf8_percent_encode(name, RESERVED)),
    })
}

/// True when a bucket's name can stand before S3's. One with dots can't: no certificate covers two levels.
fn is_label(name: &str) -> bool {
    let is_alphanumeric = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    (3..=63).contains(&name.len())
        && name.bytes().all(|byte| is_alphanumeric(byte) || byte == b'-')
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_types::region::Region;
    use aws_types::sdk_config::Builder;

    fn region(name: &'static str) -> Builder {
        SdkConfig::builder().region(Region::new(name))
    }

    #[test]
    fn a_bucket_is_where_aws_puts_it() {
        // The rules of AWS's SDK for Rust of November 2026, by their own tests where these have the case.
        for (name, at, fips, dual_stack, expected) in [
            ("bucket-name", "us-west-2", false, false, "bucket-name.s3.us-west-2.amazonaws.com"),
            ("bucket-name", "us-east-1", false, false, "bucket-name.s3.us-east-1.amazonaws.com"),
            ("bucket-name", "us-east-1", true, false, "bucket-name.s3-fips.us-east-1.amazonaws.com"),
            ("bucket-name", "us-east-1", false, true, "bucket-name.s3.dualstack.us-east-1.amazonaws.com"),
            ("bucket", "us-east-1", true, true, "bucket.s3-fips.dualstack.us-east-1.amazonaws.com"),
            ("bucket-name", "us-gov-west-1", true, false, "bucket-name.s3-fips.us-gov-west-1.amazonaws.com"),
            ("bucket-name", "cn-north-1", false, false, "bucket-name.s3.cn-north-1.amazonaws.com.cn"),
            (
                "bucket-name",
                "cn-north-1",
                false,
                true,
                "bucket-name.s3.dualstack.cn-north-1.amazonaws.com.cn",
            ),
            ("bucket-name", "eusc-de-east-1", false, false, "bucket-name.s3.eusc-de-east-1.amazonaws.eu"),
            ("bucket-name", "us-iso-east-1", true, false, "bucket-name.s3-fips.us-iso-east-1.c2s.ic.gov"),
            // No name for a host.
            ("bucket.name", "us-east-1", false, false, "s3.us-east-1.amazonaws.com/bucket.name"),
            ("aa", "us-east-1", false, false, "s3.us-east-1.amazonaws.com/aa"),
            ("BucketName", "us-east-1", false, false, "s3.us-east-1.amazonaws.com/BucketName"),
            ("99_ab", "us-west-2", false, true, "s3.dualstack.us-west-2.amazonaws.com/99_ab"),
            ("bucket name", "us-west-2", false, false, "s3.us-west-2.amazonaws.com/bucket%20name"),
            ("example.com#", "us-west-2", false, false, "s3.us-west-2.amazonaws.com/example.com%23"),
            ("bucket!", "us-east-1", true, true, "s3-fips.dualstack.us-east-1.amazonaws.com/bucket%21"),
            ("-abc", "us-east-1", false, false, "s3.us-east-1.amazonaws.com/-abc"),
            ("a/../b?c", "us-east-1", false, false, "s3.us-east-1.amazonaws.com/a%2F..%2Fb%3Fc"),
        ] {
            let config = region(at).use_fips(fips).use_dual_stack(dual_stack).build();
            assert_eq!(bucket(&config, name), Some(format!("https://{expected}")));
        }
    }

    #[test]
    fn a_callers_endpoint_gets_the_bucket_as_a_path() {
        for (url, expected) in [
            ("http://127.0.0.1:4566", "http://127.0.0.1:4566/bucket"),
            ("https://s3.example.com/", "https://s3.example.com/bucket"),
            ("https://example.com/aws", "https://example.com/aws/bucket"),
        ] {
            let config = region("eu-west-1").endpoint_url(url).build();
            assert_eq!(bucket(&config, "bucket").as_deref(), Some(expected));
        }
    }

    #[test]
    fn contradicting_settings_and_a_missing_name_give_no_address() {
        let loopback = "http://127.0.0.1:4566";
        for (config, name) in [
            (SdkConfig::builder(), "bucket"),
            (region("eu-west-1"), " "),
            (region("cn-north-1").use_fips(true), "bucket"),
            (region("eu-west-1").endpoint_url(loopback).use_fips(true), "bucket"),
            (region("eu-west-1").endpoint_url(loopback).use_dual_stack(true), "bucket"),
        ] {
            assert_eq!(bucket(&config.build(), name), None);
        }
    }
}
