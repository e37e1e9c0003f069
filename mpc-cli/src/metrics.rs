//! Figures for Prometheus, and a sign of life, over HTTP.
//!
//! They count sessions, requests and bytes. None of them depends on data, but who reads them sees when somebody computes, and
//! how much: the address should be one of this machine or of a network for such things.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    thread,
};

use axum::{Router, http::header::CONTENT_TYPE, routing::get};
use clap::Args;
use mpc_comm::Monitor;
use prometheus_client::{
    encoding::text::encode,
    metrics::gauge::Gauge,
    registry::{Registry, Unit},
};
use tokio::runtime::{Builder, Runtime};

use crate::error::CliError;

/// Of what `encode` writes.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Where figures can be read.
#[derive(Debug, Args)]
pub(crate) struct Endpoint {
    /// Serve figures for Prometheus at /metrics, a sign of life at /health, and what `mpc top` asks for at /status
    ///
    /// Over plain HTTP to whoever can reach the address: 127.0.0.1:9100. No figure depends on data.
    #[arg(long, value_name = "IP:PORT")]
    metrics: Option<SocketAddr>,
}

/// Figures that are about to be served.
pub(crate) struct Figures {
    registry: Registry,
    /// Brings figures up to date that nobody sets as they change.
    refresh: Vec<Box<dyn Fn() + Send + Sync>>,
    monitor: Monitor,
}

impl Figures {
    /// Of a service of this name, whose sessions are made with this monitor.
    pub(crate) fn new(service: &'static str, monitor: &Monitor) -> Self {
        let mut registry = Registry::with_prefix(format!("mpc_{service}"));
        let begin = Gauge::<i64>::default();
        begin.set(mpc_comm::Date::now().0);
        registry.register_with_unit("start_time", "When the process began, since 1970", Unit::Seconds, begin);
        let mut figures = Self { registry, refresh: Vec::new(), monitor: monitor.clone() };
        let count = |figures: &mut Self, name, help, which: fn((u64, u64)) -> u64| {
            let monitor = monitor.clone();
            figures.ask(name, help, move || i64::try_from(which(monitor.interruptions())).unwrap_or(i64::MAX));
        };
        count(&mut figures, "links_interrupted", "How often a link was interrupted (--grace)", |counts| counts.0);
        count(&mut figures, "links_resumed", "How often an interrupted link came back (--grace)", |counts| counts.1);
        figures
    }

    /// Adds a figure that is set or counted where it changes.
    pub(crate) fn add<M: prometheus_client::registry::Metric + Clone>(&mut self, name: &str, help: &str, figure: &M) {
        self.registry.register(name, help, figure.clone());
    }

    /// Adds a figure that is asked for when somebody reads.
    pub(crate) fn ask(&mut self, name: &str, help: &str, figure: impl Fn() -> i64 + Send + Sync + 'static) {
        let gauge = Gauge::<i64>::default();
        self.add(name, help, &gauge);
        self.refresh.push(Box::new(move || {
            gauge.set(figure());
        }));
    }

    /// Adds when our certificate ends.
    pub(crate) fn add_certificate(&mut self, identity: Option<&mpc_comm::Identity>) {
        let Some(identity) = identity else { return };
        let ends = Gauge::<i64>::default();
        ends.set(identity.certificate().not_after.0);
        let help = "When our certificate ends, since 1970";
        self.registry.register_with_unit("certificate_end", help, Unit::Seconds, ends);
    }

    fn text(&self) -> String {
        self.refresh.iter().for_each(|refresh| refresh());
        let mut text = String::new();
        // Writing to a string cannot fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// An address at which nobody is answered yet.
pub(crate) struct Bound {
    listener: TcpListener,
    runtime: Runtime,
}

impl Endpoint {
    /// Takes the address, if there is one: whoever calls waits until there are figures to serve.
    pub(crate) fn bind(&self) -> Result<Option<Bound>, CliError> {
        let Some(address) = self.metrics else { return Ok(None) };
        let failed = |source| CliError::Metrics { address, source };
        let listener = TcpListener::bind(address).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let runtime = Builder::new_current_thread().enable_all().build().map_err(failed)?;
        if !address.ip().is_loopback() {
            tracing::warn!("--metrics {address}: whoever reaches it sees when and how much is computed");
        }
        tracing::info!("figures at http://{address}/metrics");
        Ok(Some(Bound { listener, runtime }))
    }
}

impl Bound {
    /// Serves the figures on a thread of their own for as long as the process lives.
    pub(crate) fn serve(self, figures: Figures) {
        let Self { listener, runtime } = self;
        let monitor = figures.monitor.clone();
        let figures = Arc::new(figures);
        let status = move || {
            let sessions = serde_json::to_string(&monitor.sessions());
            // Of numbers and text there is always JSON.
            async move { ([(CONTENT_TYPE, "application/json")], sessions.unwrap_or_default() + "\n") }
        };
        let text = move || {
            let figures = Arc::clone(&figures);
            async move { ([(CONTENT_TYPE, OPEN_METRICS)], figures.text()) }
        };
        let routes = Router::new()
            .route("/metrics", get(text))
            .route("/health", get(async || "ok\n"))
            .route("/status", get(status));
        let work = move || {
            let served = runtime.block_on(async {
                let listener = tokio::net::TcpListener::from_std(listener)?;
                axum::serve(listener, routes).await
            });
            if let Err(error) = served {
                tracing::error!(%error, "figures are served no more");
            }
        };
        // What is computed is worth more than its figures.
        if let Err(error) = thread::Builder::new().name("metrics".to_owned()).spawn(work) {
            tracing::error!(%error, "figures are not served");
        }
    }
}
