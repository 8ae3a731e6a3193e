//! The accounts and regions that the Clusters name, each with one gateway and one reader.

mod reach;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};

use evenkeel_aws::{Account, AwsError, CallRecord, ErrorClass, Gateway, Identity, OnCall, Transport};
use evenkeel_core::spec::ClusterSpec;
use tokio::sync::OnceCell;
use tokio::time::Instant;

use crate::budget::{Budget, Level, Metered};
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
    /// The part of AWS's rates that is used; `None`: calls are not counted.
    share: Option<f64>,
    budgets: Arc<Mutex<BTreeMap<Place, Budget>>>,
    connections: Arc<Mutex<HashMap<Account, Slot>>>,
}

/// Where AWS counts calls together.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// Number of the account where the Cluster or its role says it, else the profile, else `default`.
    pub account: String,
    /// Region.
    pub region: String,
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
        Self {
            transport,
            clock,
            on_call,
            endpoint_url,
            read_only: false,
            share: None,
            budgets: Arc::default(),
            connections: Arc::default(),
        }
    }

    /// The same, whose gateways let nothing out that changes anything in AWS.
    #[must_use]
    pub fn read_only(self, read_only: bool) -> Self {
        Self { read_only, ..self }
    }

    /// The same, whose calls keep to this part of AWS's published rates, as long as no connection was made.
    #[must_use]
    pub fn limited(self, share: Option<f64>) -> Self {
        Self { share, ..self }
    }

    /// The buckets of every account and region that were drawn on.
    pub fn levels(&self) -> Vec<(Place, Vec<Level>)> {
        let budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        budgets.iter().map(|(place, budget)| (place.clone(), budget.levels(now))).collect()
    }

    /// The budget of a Cluster's account and region, which other Clusters there share whatever role they assume.
    fn budget(&self, spec: &ClusterSpec) -> Option<Budget> {
        let share = self.share?;
        let of_role = || spec.assume_role_arn.as_ref()?.split(':').nth(4);
        let account = spec.account_id.as_deref().or_else(of_role).or(spec.profile.as_deref()).unwrap_or("default");
        let place = Place { account: account.to_owned(), region: spec.region.clone() };
        let mut budgets = self.budgets.lock().unwrap_or_else(PoisonError::into_inner);
        Some(budgets.entry(place).or_insert_with(|| Budget::new(share)).clone())
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
            let budget = self.budget(spec);
            let on_call = reach.on_call(self.clock.clone(), counted(budget.clone(), self.on_call.clone()));
            let gateway = Gateway::connect(&account, self.transport.clone(), self.clock.for_aws(), Some(on_call)).await;
            let reader = Reader::new(Metered::new(gateway.read_only(self.read_only), budget), self.clock.clone());
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
    pub fn gateway(&self) -> &Metered {
        self.reader.gateway()
    }

    /// Who its credentials are; asked once.
    ///
    /// # Errors
    /// STS could not be asked.
    pub async fn identity(&self) -> Result<&Identity, AwsError> {
        self.identity.get_or_try_init(|| self.gateway().gateway().identity()).await
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

/// Tells the budget what became of each call, and hands it on.
fn counted(budget: Option<Budget>, next: Option<OnCall>) -> Option<OnCall> {
    let Some(budget) = budget else { return next };
    Some(Arc::new(move |call: CallRecord| {
        budget.called(Instant::now(), &call);
        if let Some(next) = &next {
            next(call);
        }
    }))
}

impl std::fmt::Debug for Fleet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fleet").field("endpoint_url", &self.endpoint_url).finish_non_exhaustive()
    }
}
