//! Flags, environment and configuration file of everything that reconciles. A flag wins over the environment, both over
//! the file, and the file over the defaults.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use serde::Deserialize;

use crate::http::Guarding;
use crate::reconcile::Options;

/// People, pipelines and other tools draw on the same buckets, and come to half of them at most, one hopes.
const BUDGET_SHARE: f64 = 0.5;

/// What `run`, `sync` and `plan` have in common.
#[derive(Args, Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub(super) struct Config {
    /// YAML file with any of these options, named as the flags are
    #[arg(long, env = "EVENKEEL_CONFIG", value_name = "FILE")]
    #[serde(skip)]
    pub(super) config: Option<PathBuf>,
    /// Directory of manifests: a plain directory, a git checkout, or the link that git-sync swaps [default: desired-state]
    #[arg(long, env = "EVENKEEL_SOURCE", value_name = "DIR")]
    pub(super) source: Option<PathBuf>,
    /// Take only commits that are signed by one of the allowed signers in this file (ssh-keygen(1), ALLOWED SIGNERS), with an SSH
    /// key; the checkout must be exactly that commit. Needs git and ssh-keygen
    #[arg(long, env = "EVENKEEL_REQUIRE_SIGNED", value_name = "FILE")]
    pub(super) require_signed: Option<PathBuf>,
    /// Name of this installation; it marks what is managed, so two installations never fight [default: default]
    #[arg(long, env = "EVENKEEL_INSTALLATION", value_name = "NAME")]
    pub(super) installation: Option<String>,
    /// Use the embedded AWS instead of a real one; nothing leaves this machine
    #[arg(long, env = "EVENKEEL_SANDBOX", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) sandbox: Option<bool>,
    /// Endpoint for all AWS calls, for emulators (AWS_ENDPOINT_URL and a Cluster's endpointUrl work too)
    #[arg(long, env = "EVENKEEL_ENDPOINT_URL", value_name = "URL")]
    pub(super) endpoint_url: Option<String>,
    /// How often all services are read, such as 60s [default: 60s]
    #[arg(long, env = "EVENKEEL_INTERVAL", value_name = "DURATION", value_parser = duration)]
    #[serde(deserialize_with = "optional_duration")]
    pub(super) interval: Option<Duration>,
    /// How often every object is planned again although nothing is known to have changed [default: 10m]
    #[arg(long, env = "EVENKEEL_RESYNC", value_name = "DURATION", value_parser = duration)]
    #[serde(deserialize_with = "optional_duration")]
    pub(super) resync: Option<Duration>,
    /// How many objects are worked on at once [default: 64]
    #[arg(long, env = "EVENKEEL_CONCURRENCY", value_name = "N")]
    pub(super) concurrency: Option<usize>,
    /// Part of AWS's published request rates to use, per account and region; the rest is left to people and other tools
    /// [default: 0.5; in a sandbox no limit]
    #[arg(long, env = "EVENKEEL_BUDGET_SHARE", value_name = "PART", value_parser = share)]
    #[serde(deserialize_with = "optional_share")]
    pub(super) budget_share: Option<f64>,
    /// How much is logged: error, warn, info, debug, trace, or a filter as of tracing's EnvFilter [default: info]
    #[arg(long, env = "EVENKEEL_LOG", value_name = "LEVEL")]
    pub(super) log: Option<String>,
    /// Form of log lines [default: human]
    #[arg(long, env = "EVENKEEL_LOG_FORMAT", value_name = "FORM")]
    pub(super) log_format: Option<LogFormat>,
    /// Directory of the store; in a sandbox the store is temporary unless this is given [default: state]
    #[arg(long, env = "EVENKEEL_DATA", value_name = "DIR")]
    pub(super) data: Option<PathBuf>,
    /// Where health, metrics and the API are served; without tokens the API answers its own machine only [default:
    /// 127.0.0.1:8480]
    #[arg(long, env = "EVENKEEL_LISTEN", value_name = "ADDRESS")]
    pub(super) listen: Option<String>,
    /// Certificate chain in PEM, to serve https
    #[arg(long, env = "EVENKEEL_TLS_CERT", value_name = "FILE")]
    pub(super) tls_cert: Option<PathBuf>,
    /// Private key of the certificate in PEM
    #[arg(long, env = "EVENKEEL_TLS_KEY", value_name = "FILE")]
    pub(super) tls_key: Option<PathBuf>,
    /// Tokens by which clients are let into the API, a line each: ROLE NAME TOKEN, where ROLE is read or operate
    #[arg(long, env = "EVENKEEL_TOKENS", value_name = "FILE")]
    pub(super) tokens: Option<PathBuf>,
    /// YAML file of webhooks that are told of warnings: a list `webhooks` of url, format (json or slack), secretFile
    #[arg(long, env = "EVENKEEL_WEBHOOKS", value_name = "FILE")]
    pub(super) webhooks: Option<PathBuf>,
    /// Change nothing in AWS: differences are reported, and no call that writes can leave
    #[arg(long, env = "EVENKEEL_READ_ONLY", num_args = 0..=1, default_missing_value = "true", value_name = "BOOL")]
    pub(super) read_only: Option<bool>,
    /// Where records of who changed what come from: a file that grows, a directory of such files or of CloudTrail's log
    /// files, or the URL of an SQS queue that EventBridge fills; several are separated by commas
    #[arg(long, env = "EVENKEEL_TRAIL", value_name = "PATH|URL", value_delimiter = ',')]
    pub(super) trail: Vec<String>,
    /// Where the sandbox takes AWS calls [default: 127.0.0.1:4580]
    #[arg(long, env = "EVENKEEL_SANDBOX_LISTEN", value_name = "ADDRESS")]
    pub(super) sandbox_listen: Option<String>,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum LogFormat {
    /// For people.
    #[default]
    Human,
    /// One JSON object a line.
    Json,
}

impl Config {
    /// The same with what the configuration file says where flags and environment say nothing.
    pub(super) fn with_file(self) -> Result<Self, String> {
        let Some(path) = self.config.clone() else { return Ok(self) };
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
        let file: Self =
            serde_yaml::from_str(&text).map_err(|error| format!("failed to read {}: {error}", path.display()))?;
        Ok(Self {
            config: self.config,
            source: self.source.or(file.source),
            require_signed: self.require_signed.or(file.require_signed),
            installation: self.installation.or(file.installation),
            sandbox: self.sandbox.or(file.sandbox),
            endpoint_url: self.endpoint_url.or(file.endpoint_url),
            interval: self.interval.or(file.interval),
            resync: self.resync.or(file.resync),
            concurrency: self.concurrency.or(file.concurrency),
            budget_share: self.budget_share.or(file.budget_share),
            log: self.log.or(file.log),
            log_format: self.log_format.or(file.log_format),
            data: self.data.or(file.data),
            listen: self.listen.or(file.listen),
            tls_cert: self.tls_cert.or(file.tls_cert),
            tls_key: self.tls_key.or(file.tls_key),
            tokens: self.tokens.or(file.tokens),
            webhooks: self.webhooks.or(file.webhooks),
            read_only: self.read_only.or(file.read_only),
            trail: if self.trail.is_empty() { file.trail } else { self.trail },
            sandbox_listen: self.sandbox_listen.or(file.sandbox_listen),
        })
    }

    pub(super) fn source(&self) -> &Path {
        self.source.as_deref().unwrap_or(Path::new("desired-state"))
    }

    /// Who may sign commits, where they have to be signed.
    pub(super) fn signers(&self) -> Result<Option<PathBuf>, String> {
        self.require_signed.as_deref().map(crate::source::signers).transpose()
    }

    pub(super) fn is_sandboxed(&self) -> bool {
        self.sandbox == Some(true)
    }

    pub(super) fn is_read_only(&self) -> bool {
        self.read_only == Some(true)
    }

    pub(super) fn listen(&self) -> &str {
        self.listen.as_deref().unwrap_or("127.0.0.1:8480")
    }

    pub(super) fn guarding(&self) -> Guarding {
        Guarding { certificate: self.tls_cert.clone(), key: self.tls_key.clone(), tokens: self.tokens.clone() }
    }

    pub(super) fn sandbox_listen(&self) -> &str {
        self.sandbox_listen.as_deref().unwrap_or("127.0.0.1:4580")
    }

    pub(super) fn options(&self) -> Options {
        let defaults = Options::default();
        Options {
            installation: self.installation.clone().unwrap_or(defaults.installation),
            read_only: self.is_read_only(),
            // The sandbox has no rate limits to respect, and whoever tries it wants to see something happen.
            interval: self.interval.unwrap_or(if self.is_sandboxed() {
                Duration::from_secs(5)
            } else {
                defaults.interval
            }),
            resync: self.resync.unwrap_or(defaults.resync),
            rollout_watch: if self.is_sandboxed() { Duration::from_secs(2) } else { defaults.rollout_watch },
            concurrency: self.concurrency.unwrap_or(defaults.concurrency),
            budget_share: self.budget_share.or(if self.is_sandboxed() { None } else { Some(BUDGET_SHARE) }),
        }
    }
}

/// A part above 0, up to 1.
fn share(text: &str) -> Result<f64, String> {
    let part: f64 = text.parse().map_err(|_| format!("{text:?} is no number"))?;
    within(part)
}

fn within(part: f64) -> Result<f64, String> {
    let fits = part > 0.0 && part <= 1.0;
    if fits { Ok(part) } else { Err(format!("{part} is not above 0 and at most 1")) }
}

fn optional_share<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<f64>, D::Error> {
    let part = Option::<f64>::deserialize(deserializer)?;
    part.map(|part| within(part).map_err(serde::de::Error::custom)).transpose()
}

/// A duration as people write it: `90s`, `15m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed: evenkeel_core::spec::Duration = text.parse()?;
    Ok(parsed.get())
}

fn optional_duration<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Duration>, D::Error> {
    let text = Option::<String>::deserialize(deserializer)?;
    text.map(|text| duration(&text).map_err(serde::de::Error::custom)).transpose()
}
