//! Serves the sandbox on a loopback port by the wall clock, to try it with the AWS CLI:
//!
//! ```sh
//! cargo run -p evenkeel-sandbox --example serve -- 127.0.0.1:4566
//! export AWS_ENDPOINT_URL=http://127.0.0.1:4566 AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test
//! aws ecs create-cluster --cluster-name demo --region ap-northeast-1
//! ```

use evenkeel_sandbox::{Sandbox, Server};
use jiff::Timestamp;
use std::sync::{Arc, Mutex};

#[tokio::main(flavor = "current_thread")]
async fn main() -> std::io::Result<()> {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:4566".to_owned());
    let sandbox = Arc::new(Mutex::new(Sandbox::default()));
    let server = Server::bind(address.as_str(), sandbox, Arc::new(Timestamp::now)).await?;
    println!("listening on {}", server.url());
    std::future::pending().await
}
