//! The accounts and regions that the Clusters name, each with one gateway and one reader.

mod reach;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_aws::{Account, AwsError, ErrorClass, Gateway, Identity, OnCall, Transport};
use evenkeel_core::spec::ClusterSpec;
use tokio::sync::OnceCell;

use crate::clock::Clock;
use crate::observe::Reader;
use reach::Reach;

/// Made once, by the first pass that needs it, while others wait for it.
type Slot = Arc<OnceCell<Arc<Connection>>>;

/// All connections, shared by all passes.
#[derive(Clone)]
pub struct Fleet {
    transport: Transport,
    clock: Clock,
    on_call: Option<OnCall>,
    /// In place of what Clusters say, for emulators.
    endpoint_url: Option<String>,
    /// No call that changes anything leaves.
    read_only: bool,
    connections: Arc<Mutex<HashMap<Account, Slot>>>,
}

/// One account and region.
#[derive(Debug)]
pub struct Connection {
    /// Reads services; its gateway takes all other calls.
    pub reader: Reader,
    identity: OnceCell<Identity>,
    reach: Reach,
    clock: Clock,
}

impl Fleet {
    /// No connections yet; they are made when a Cluster first needs one.
    pub fn new(transport: Transport, clock: Clock, on_call: Option<OnCall>, endpoint_url: Option<String>) -> Self {
        Self { transport, clock, on_call, endpoint_url, read_only: false, connections: Arc::default() }
    }

    /// The same, whose gateways let nothing out that changes anything in AWS.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// The connection that a Cluster's spec describes.
    pub async fn connection(&self, spec: &ClusterSpec) -> Arc<Connection> {
        let account = self.account(spec);
        let cell = {
            let mut connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
            connections.entry(account.clone()).or_default().clone()
        };
        let connection = cell.get_or_init(|| async {
            let reach = Reach::default();
            let on_call = reach.on_call(self.clock.clone(), self.on_call.clone());
            let gateway = Gateway::connect(&account, self.transport.clone(), self.clock.for_aws(), Some(on_call)).await;
            let reader = Reader::new(gateway.read_only(self.read_only), self.clock.clone());
            Arc::new(Connection { reader, identity: OnceCell::new(), reach, clock: self.clock.clone() })
        });
        connection.await.clone()
    }

    /// Whether the account and region of a Cluster can be reached.
    ///
    /// # Errors
    /// Why not, in a few words.
    pub fn reached(&self, spec: &ClusterSpec) -> Result<(), String> {
        let connections = self.connections.lock().unwrap_or_else(PoisonError::into_inner);
        let made = connections.get(&self.account(spec)).and_then(|slot| slot.get());
        made.map_or_else(|| Err(reach::NOT_ASKED.to_owned()), |made| made.reach.judge(self.clock.now()))
    }

    fn account(&self, spec: &ClusterSpec) -> Account {
        Account {
            region: spec.region.clone(),
            profile: spec.profile.clone(),
            assume_role_arn: spec.assume_role_arn.clone(),
            external_id: spec.external_id.clone(),
            endpoint_url: self.endpoint_url.clone().or_else(|| spec.endpoint_url.clone()),
        }
    }
}

impl Connection {
    /// The gateway.
    pub fn gateway(&self) -> &Gateway {
        self.reader.gateway()
    }

    /// Who its credentials are; asked once.
    ///
    /// # Errors
    /// STS could not be asked.
    pub async fn identity(&self) -> Result<&Identity, AwsError> {
        self.identity.get_or_try_init(|| self.gateway().identity()).await
    }

    /// Makes sure, before the first call, that the credentials are of the account that the Cluster names.
    ///
    /// # Errors
    /// STS could not be asked, or it names another account ([`ErrorClass::Denied`]).
    pub async fn verify(&self, spec: &ClusterSpec) -> Result<(), AwsError> {
        let Some(expected) = &spec.account_id else { return Ok(()) };
        let account =
            &self.identity().await.inspect_err(|error| self.reach.unanswered(error, self.clock.now()))?.account;
        if account == expected {
            return Ok(());
        }
        Err(AwsError {
            operation: "GetCallerIdentity",
            class: ErrorClass::Denied,
            code: "WrongAccount".into(),
            message: format!("the credentials are of account {account}, and the Cluster's accountId is {expected}"),
            http_status: None,
            request_id: None,
            retry_after: None,
        })
    }
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("endpoint_url", &self.endpoint_url).finish_non_exhaustive()
    }
}
