//! Spans for a collector, by OTLP over HTTP.
//!
//! Spans wait in a queue that drops what it cannot take, and leave from a thread of their own: a collector that is slow or not
//! there holds nobody up. The crates of OpenTelemetry are built without their own messages; what an operator should know is
//! said here, once.

use std::{
    env,
    fmt::{self, Debug},
    net::IpAddr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use opentelemetry::{KeyValue, trace::TracerProvider};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use opentelemetry_otlp::{Protocol, RetryPolicy, WithExportConfig, WithHttpConfig};
use opentelemetry_sdk::{
    Resource,
    error::OTelSdkResult,
    trace::{SdkTracerProvider, SpanData, SpanExporter},
};
use tracing_subscriber::{EnvFilter, Layer, Registry};
use ureq::http::Uri;

/// Which spans leave, unless `MPC_OTEL_FILTER` says otherwise.
const FILTER: &str = "mpc::span=debug";
/// How long the last spans may take to leave, and where nobody has taken the ones before.
const FLUSH: [Duration; 2] = [Duration::from_secs(2), Duration::from_millis(200)];
/// How long one request may take, unless `OTEL_EXPORTER_OTLP_TIMEOUT` says otherwise.
const REQUEST: Duration = Duration::from_secs(10);
/// The TLS library of the links is not shared with an exporter.
const ONLY_HTTP: &str = "the endpoint has to begin with http://. Let a collector on this host or in this cluster take spans and send \
     them on over TLS";
/// More of an answer is not read.
const ANSWER: u64 = 1 << 20;

/// The way to the collector.
#[derive(Debug)]
pub(crate) struct Spans {
    provider: SdkTracerProvider,
    lost: Arc<AtomicBool>,
    /// The collector's host, if it is another one.
    pub(crate) abroad: Option<String>,
}

impl Drop for Spans {
    fn drop(&mut self) {
        // What does not leave in time is lost: that is what an operator would want.
        let _ = self.provider.shutdown_with_timeout(FLUSH[usize::from(self.lost.load(Ordering::Relaxed))]);
    }
}

/// The layer that takes spans, if the environment asks for one.
type Started = Option<(Box<dyn Layer<Registry> + Send + Sync>, Spans)>;

/// Begins to export, if the environment says where to.
///
/// # Errors
/// What the environment says and cannot be.
pub(crate) fn start(service: &str, party: Option<&str>) -> Result<Started, String> {
    let is = |name: &str, value: &str| env::var(name).is_ok_and(|found| found.trim().eq_ignore_ascii_case(value));
    // The one for spans alone goes first.
    let told =
        crate::ENDPOINTS.iter().rev().find_map(|name| env::var(name).ok().filter(|value| !value.trim().is_empty()));
    let Some(told) = told else { return Ok(None) };
    if is("OTEL_SDK_DISABLED", "true") || is("OTEL_TRACES_EXPORTER", "none") {
        return Ok(None);
    }
    let uri: Uri = told.trim().parse().map_err(|error| format!("the endpoint is no URL: {error}"))?;
    if uri.scheme_str() != Some("http") {
        return Err(ONLY_HTTP.to_owned());
    }
    let timeout = ["OTEL_EXPORTER_OTLP_TRACES_TIMEOUT", "OTEL_EXPORTER_OTLP_TIMEOUT"].iter().find_map(|name| {
        let milliseconds: u64 = env::var(name).ok()?.trim().parse().ok()?;
        Some(Duration::from_millis(milliseconds))
    });
    let lost = Arc::new(AtomicBool::new(false));
    let client = Client::new(timeout.unwrap_or(REQUEST), Arc::clone(&lost));
    let exporter = opentelemetry_otlp::SpanExporter::builder()
        .with_http()
        .with_protocol(Protocol::HttpBinary)
        .with_http_client(client)
        // The next batch is soon enough, and at the end nobody should wait for pauses.
        .with_retry_policy(RetryPolicy::disabled())
        .build()
        .map_err(|error| error.to_string())?;
    let filter = match env::var("MPC_OTEL_FILTER") {
        Ok(text) => EnvFilter::try_new(&text).map_err(|error| format!("MPC_OTEL_FILTER is `{text}`: {error}"))?,
        Err(_) => EnvFilter::new(FILTER),
    };
    let provider = SdkTracerProvider::builder()
        .with_resource(resource(service, party))
        .with_batch_exporter(ByScope(exporter))
        .build();
    let layer = tracing_opentelemetry::layer()
        .with_tracer(provider.tracer("mpc"))
        // Where a span is in our source says nothing that its name does not, and threads are ours.
        .with_location(false)
        .with_threads(false)
        .with_target(false)
        .with_context_activation(false);
    let place = (!is_here(&uri)).then(|| uri.host().unwrap_or_default().to_owned());
    Ok(Some((layer.with_filter(filter).boxed(), Spans { provider, lost, abroad: place })))
}

fn is_here(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Who we are: what the environment says, and for what it leaves open the program and its party.
fn resource(service: &str, party: Option<&str>) -> Resource {
    let told = Resource::builder().build();
    let open =
        |key: &'static str| told.get(&key.into()).is_none_or(|found| found.as_str().starts_with("unknown_service"));
    let own = [("service.name", Some(service)), ("service.instance.id", party)];
    let own = own.into_iter().filter(|(key, _)| open(key)).filter_map(|(key, value)| Some((key, value?.to_owned())));
    Resource::builder().with_attributes(own.map(|(key, value)| KeyValue::new(key, value))).build()
}

/// Calls a span that is for a step of the program by that step's path: `round LeNet/conv2/relu`.
#[derive(Debug)]
struct ByScope<E>(E);

impl<E: SpanExporter> SpanExporter for ByScope<E> {
    fn export(&self, mut batch: Vec<SpanData>) -> impl Future<Output = OTelSdkResult> + Send {
        for span in &mut batch {
            if let Some(scope) = span.attributes.iter().find(|attribute| attribute.key.as_str() == "scope") {
                span.name = format!("{} {}", span.name, scope.value.as_str()).into();
            }
        }
        self.0.export(batch)
    }

    fn shutdown_with_timeout(&self, timeout: Duration) -> OTelSdkResult {
        self.0.shutdown_with_timeout(timeout)
    }

    fn force_flush(&self) -> OTelSdkResult {
        self.0.force_flush()
    }

    fn set_resource(&mut self, resource: &Resource) {
        self.0.set_resource(resource);
    }
}

/// Sends requests, on the thread that asks for it, and says when that begins to fail and when it works again.
struct Client {
    agent: ureq::Agent,
    lost: Arc<AtomicBool>,
}

impl Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").finish_non_exhaustive()
    }
}

impl Client {
    fn new(timeout: Duration, lost: Arc<AtomicBool>) -> Self {
        let agent = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .max_redirects_will_error(false)
            .build();
        Self { agent: agent.into(), lost }
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, ureq::Error> {
        let (head, body) = request.into_parts();
        let (head, answer) = self.agent.run(Request::from_parts(head, &body[..]))?.into_parts();
        let answer = answer.into_with_config().limit(ANSWER).read_to_vec()?;
        Ok(Response::from_parts(head, answer.into()))
    }
}

#[async_trait::async_trait]
impl HttpClient for Client {
    async fn send_bytes(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        // No more of the address: it may hold a password.
        let uri = request.uri();
        let port = uri.port_u16().map(|port| format!(":{port}")).unwrap_or_default();
        let place = format!("{}{port}", uri.host().unwrap_or_default());
        let answer = self.send(request);
        let problem = match &answer {
            Ok(answer) if answer.status().is_success() => None,
            Ok(answer) => Some(format!("it answers {}", answer.status())),
            Err(error) => Some(error.to_string()),
        };
        match (problem, self.lost.load(Ordering::Relaxed)) {
            (Some(problem), false) => {
                self.lost.store(true, Ordering::Relaxed);
                tracing::warn!("the collector {place} takes no spans: {problem}. The computation goes on without");
            }
            (None, true) => {
                self.lost.store(false, Ordering::Relaxed);
                tracing::info!("the collector {place} takes spans again");
            }
            _ => {}
        }
        Ok(answer?)
    }
}
