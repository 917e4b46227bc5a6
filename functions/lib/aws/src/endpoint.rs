//! The addresses of AWS's services. They follow the endpoint rules that AWS publishes with each SDK.

use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
#[cfg(any(feature = "lambda", feature = "s3"))]
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC};

/// Everything but the unreserved characters of RFC 3986: what paths and queries encode.
#[cfg(any(feature = "lambda", feature = "s3"))]
pub(crate) const RESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A service of AWS.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Service {
    /// Its name in the SDK's settings, which may give each service an endpoint of its own.
    pub id: &'static str,
    /// Its name in addresses and signatures.
    pub name: &'static str,
}

/// The address of a service: the one that the caller sets, or AWS's own for the region. `None` when the
/// settings contradict each other or name no region.
pub(crate) fn address(config: &SdkConfig, service: &Service) -> Option<String> {
    let (fips, dual_stack) = (config.use_fips() == Some(true), config.use_dual_stack() == Some(true));
    match set_by_the_caller(config, service) {
        // AWS's addresses alone have these variants.
        Some(url) => (!fips && !dual_stack).then_some(url),
        None => {
            let region = config.region()?.as_ref();
            let is_label = region.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
            (is_label && !region.is_empty()).then(|| of_aws(service, region, fips, dual_stack))
        }
    }
}

/// One endpoint for the service, in the environment or the profile, comes before one for every service.
pub(crate) fn set_by_the_caller(config: &SdkConfig, service: &Service) -> Option<String> {
    let every = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return every;
    }
    let key =
        ServiceConfigKey::builder().service_id(service.id).env("AWS_ENDPOINT_URL").profile("endpoint_url");
    let own = config.service_config().zip(key.build().ok()).and_then(|(own, key)| own.load_config(key));
    own.or(every)
}

/// Of each partition but AWS's first: the beginning of its regions' names, its domain, its domain for IPv6.
const PARTITIONS: [(&str, &str, &str); 6] = [
    ("cn-", "amazonaws.com.cn", "api.amazonwebservices.com.cn"),
    ("eusc-", "amazonaws.eu", "api.amazonwebservices.eu"),
    ("us-iso-", "c2s.ic.gov", "api.aws.ic.gov"),
    ("us-isob-", "sc2s.sgov.gov", "api.aws.scloud"),
    ("us-isof-", "csp.hci.ic.gov", "api.aws.hci.ic.gov"),
    ("eu-isoe-", "cloud.adc-e.uk", "api.cloud-aws.adc-e.uk"),
];
/// The partition of every other region, GovCloud's too.
const FIRST: (&str, &str, &str) = ("", "amazonaws.com", "api.aws");

fn of_aws(service: &Service, region: &str, fips: bool, dual_stack: bool) -> String {
    let mut partitions = PARTITIONS.into_iter();
    let (_, domain, domain_for_ipv6) =
        partitions.find(|(beginning, ..)| region.starts_with(beginning)).unwrap_or(FIRST);
    let (fips, dual_stack) = match service.name {
        // The only address there has no other name under FIPS.
        "states" if region == "us-gov-west-1" && !dual_stack => (false, false),
        // GovCloud has IPv6 under FIPS alone.
        "states" if region.starts_with("us-gov-") && dual_stack => (true, true),
        // The usual address is reached by IPv6 too; in China not under FIPS.
        "secretsmanager" if domain == FIRST.1 => (fips, false),
        "secretsmanager" if domain == "amazonaws.com.cn" && !fips => (false, false),
        _ => (fips, dual_stack),
    };
    let name = service.name;
    let suffix = if fips { "-fips" } else { "" };
    // S3 has IPv6 in its usual domain.
    if name == "s3" && dual_stack {
        return format!("https://s3{suffix}.dualstack.{region}.{domain}");
    }
    let domain = if dual_stack { domain_for_ipv6 } else { domain };
    format!("https://{name}{suffix}.{region}.{domain}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_types::origin::Origin;
    use aws_types::region::Region;
    use aws_types::sdk_config::Builder;
    use aws_types::service_config::LoadServiceConfig;

    const LAMBDA: Service = Service { id: "Lambda", name: "lambda" };
    const KMS: Service = Service { id: "KMS", name: "kms" };
    const SECRETS: Service = Service { id: "Secrets Manager", name: "secretsmanager" };
    const STATES: Service = Service { id: "SFN", name: "states" };

    fn region(name: &'static str) -> Builder {
        SdkConfig::builder().region(Region::new(name))
    }

    #[test]
    fn a_service_is_where_aws_puts_it() {
        // The rules of AWS's SDKs for Rust of November 2026, by their own tests where these have the case.
        for (service, name, fips, dual_stack, expected) in [
            (&LAMBDA, "eu-central-1", false, false, "lambda.eu-central-1.amazonaws.com"),
            (&LAMBDA, "us-gov-west-1", true, false, "lambda-fips.us-gov-west-1.amazonaws.com"),
            (&LAMBDA, "eu-west-1", false, true, "lambda.eu-west-1.api.aws"),
            (&LAMBDA, "cn-north-1", false, false, "lambda.cn-north-1.amazonaws.com.cn"),
            (&LAMBDA, "eusc-de-east-1", false, false, "lambda.eusc-de-east-1.amazonaws.eu"),
            (&LAMBDA, "us-isob-east-1", false, false, "lambda.us-isob-east-1.sc2s.sgov.gov"),
            (&KMS, "eu-central-1", false, false, "kms.eu-central-1.amazonaws.com"),
            (&KMS, "ap-southeast-3", true, false, "kms-fips.ap-southeast-3.amazonaws.com"),
            (&KMS, "us-east-1", false, true, "kms.us-east-1.api.aws"),
            (&KMS, "us-east-1", true, true, "kms-fips.us-east-1.api.aws"),
            (&KMS, "cn-northwest-1", false, false, "kms.cn-northwest-1.amazonaws.com.cn"),
            (&KMS, "cn-north-1", true, false, "kms-fips.cn-north-1.amazonaws.com.cn"),
            (&KMS, "cn-north-1", true, true, "kms-fips.cn-north-1.api.amazonwebservices.com.cn"),
            (&KMS, "us-gov-east-1", true, false, "kms-fips.us-gov-east-1.amazonaws.com"),
            (&KMS, "us-gov-east-1", false, true, "kms.us-gov-east-1.api.aws"),
            (&KMS, "us-iso-west-1", true, false, "kms-fips.us-iso-west-1.c2s.ic.gov"),
            (&KMS, "us-isob-east-1", false, false, "kms.us-isob-east-1.sc2s.sgov.gov"),
            (&SECRETS, "eu-central-1", false, false, "secretsmanager.eu-central-1.amazonaws.com"),
            (&SECRETS, "us-west-2", true, false, "secretsmanager-fips.us-west-2.amazonaws.com"),
            (&SECRETS, "us-east-1", false, true, "secretsmanager.us-east-1.amazonaws.com"),
            (&SECRETS, "us-east-1", true, true, "secretsmanager-fips.us-east-1.amazonaws.com"),
            (&SECRETS, "us-gov-east-1", false, true, "secretsmanager.us-gov-east-1.amazonaws.com"),
            (&SECRETS, "us-gov-east-1", true, true, "secretsmanager-fips.us-gov-east-1.amazonaws.com"),
            (&SECRETS, "cn-north-1", false, false, "secretsmanager.cn-north-1.amazonaws.com.cn"),
            (&SECRETS, "cn-north-1", false, true, "secretsmanager.cn-north-1.amazonaws.com.cn"),
            (&SECRETS, "cn-north-1", true, false, "secretsmanager-fips.cn-north-1.amazonaws.com.cn"),
            (
                &SECRETS,
                "cn-north-1",
                true,
                true,
                "secretsmanager-fips.cn-north-1.api.amazonwebservices.com.cn",
            ),
            (
                &SECRETS,
                "eusc-de-east-1",
                false,
                true,
                "secretsmanager.eusc-de-east-1.api.amazonwebservices.eu",
            ),
            (&SECRETS, "us-iso-east-1", true, false, "secretsmanager-fips.us-iso-east-1.c2s.ic.gov"),
            (&STATES, "eu-central-1", false, false, "states.eu-central-1.amazonaws.com"),
            (&STATES, "us-east-1", true, false, "states-fips.us-east-1.amazonaws.com"),
            (&STATES, "us-east-1", false, true, "states.us-east-1.api.aws"),
            (&STATES, "us-east-1", true, true, "states-fips.us-east-1.api.aws"),
            (&STATES, "us-gov-west-1", false, false, "states.us-gov-west-1.amazonaws.com"),
            (&STATES, "us-gov-west-1", true, false, "states.us-gov-west-1.amazonaws.com"),
            (&STATES, "us-gov-east-1", true, false, "states-fips.us-gov-east-1.amazonaws.com"),
            (&STATES, "us-gov-west-1", false, true, "states-fips.us-gov-west-1.api.aws"),
            (&STATES, "us-gov-west-1", true, true, "states-fips.us-gov-west-1.api.aws"),
            (&STATES, "cn-northwest-1", false, true, "states.cn-northwest-1.api.amazonwebservices.com.cn"),
            (&STATES, "eusc-de-east-1", true, false, "states-fips.eusc-de-east-1.amazonaws.eu"),
            (&STATES, "eu-isoe-west-1", true, false, "states-fips.eu-isoe-west-1.cloud.adc-e.uk"),
            (&STATES, "us-isof-south-1", false, false, "states.us-isof-south-1.csp.hci.ic.gov"),
        ] {
            let config = region(name).use_fips(fips).use_dual_stack(dual_stack).build();
            assert_eq!(address(&config, service), Some(format!("https://{expected}")));
        }
    }

    /// An endpoint for KMS alone, as the environment or the profile gives it.
    #[derive(Debug)]
    struct ForKms;

    impl LoadServiceConfig for ForKms {
        fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
            assert_eq!((key.env(), key.profile()), ("AWS_ENDPOINT_URL", "endpoint_url"));
            (key.service_id() == "KMS").then(|| "http://127.0.0.1:1".to_owned())
        }
    }

    #[test]
    fn the_callers_endpoint_comes_first_and_a_services_own_before_one_for_all() {
        let all = "http://127.0.0.1:4566";
        let config = region("eu-west-1").endpoint_url(all).service_config(ForKms).build();
        assert_eq!(address(&config, &KMS).as_deref(), Some("http://127.0.0.1:1"));
        assert_eq!(address(&config, &SECRETS).as_deref(), Some(all));
        assert_eq!(address(&SdkConfig::builder().endpoint_url(all).build(), &STATES).as_deref(), Some(all));
        let mut in_code = config.into_builder();
        in_code.insert_origin("endpoint_url", Origin::shared_config());
        assert_eq!(address(&in_code.build(), &KMS).as_deref(), Some(all));
    }

    #[test]
    fn contradicting_settings_and_a_missing_region_give_no_address() {
        for config in [
            SdkConfig::builder(),
            region(""),
            region("eu-west-1.example.com/"),
            region("eu-west-1").endpoint_url("http://127.0.0.1:4566").use_fips(true),
            region("eu-west-1").endpoint_url("http://127.0.0.1:4566").use_dual_stack(true),
        ] {
            assert_eq!(address(&config.build(), &KMS), None);
        }
    }
}
