//! The probes `/livez` and `/readyz`, for load balancers and process supervisors.

use std::sync::Arc;

use actix_web::http::header;
use actix_web::{HttpResponse, web};
use futures_util::future::BoxFuture;

use telemetry::health::Report;

/// Source of the probes' results.
pub trait Probes: Send + Sync + 'static {
    /// Whether the node's loops are running.
    fn live(&self) -> Report;
    /// Whether the node may receive work.
    fn ready(&self) -> BoxFuture<'_, Report>;
}

/// Mounts both probes. A probe responds with 200 if every check passes and 503 otherwise, with a line of JSON for each check.
pub fn configure(config: &mut web::ServiceConfig, probes: Arc<dyn Probes>) {
    config
        .app_data(web::Data::from(probes))
        .route("/livez", web::get().to(live))
        .route("/livez", web::head().to(live))
        .route("/readyz", web::get().to(ready))
        .route("/readyz", web::head().to(ready));
}

async fn live(probes: web::Data<dyn Probes>) -> HttpResponse {
    answer(&probes.live())
}

async fn ready(probes: web::Data<dyn Probes>) -> HttpResponse {
    answer(&probes.ready().await)
}

fn answer(report: &Report) -> HttpResponse {
    let mut response = if report.is_ok() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    response
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .content_type("application/json")
        .body(serde_json::to_string_pretty(report).unwrap_or_default())
}
