//! Reads the scaling of services: their targets, and the policies and scheduled actions on these.
//!
//! AWS gives targets by fifty resources, policies and scheduled actions by one resource or page by page for the whole
//! namespace. So the look at all services reads the pages, and a pass over one service reads what is that one's.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::operation::{Bucket, Operation};
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::service::SCALABLE_DIMENSION;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::batch::{Answer, Answers, Batcher};
use super::found::Found;
use super::sent::{Page, Sent, resource};
use crate::budget::{Metered, Pace};

/// DescribeScalableTargets takes fifty resource ids (Application Auto Scaling API reference).
const TARGETS: usize = 50;
/// Requests for policies or scheduled actions that are looked at together, to choose between one call each and the pages.
const SCAN: usize = 10_000;
/// How often a page is asked for. One that fails would cost all that were read before it.
const ATTEMPTS: u32 = 5;
/// How long after the first failure a page is asked for again; twice as long each time after.
const AGAIN: Duration = Duration::from_secs(1);

/// What is known of a resource's scaling.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling<T = Value> {
    /// From DescribeScalableTargets.
    pub target: Observation<T>,
    /// From DescribeScalingPolicies.
    pub policies: Observation<Vec<T>>,
    /// From DescribeScheduledActions.
    pub scheduled_actions: Observation<Vec<T>>,
}

/// Reads the scaling of one account and region.
#[derive(Debug)]
pub(super) struct Scalings {
    gateway: Metered,
    targets: Batcher<Sent>,
    policies: List,
    actions: List,
}

/// What hangs on targets and is listed in pages.
#[derive(Debug)]
struct List {
    pages: Pages,
    batcher: Batcher<Vec<Sent>>,
}

/// A listing, and how long it was the last time.
#[derive(Clone, Debug)]
struct Pages {
    operation: Operation,
    /// Elements of a page, the most that the API takes.
    size: usize,
    last: Arc<AtomicUsize>,
}

impl<T> Default for Scaling<T> {
    fn default() -> Self {
        Self { target: Observation::Unknown, policies: Observation::Unknown, scheduled_actions: Observation::Unknown }
    }
}

impl Scaling<Sent> {
    /// What an answer about the target says. Policies and scheduled actions exist only on a target, so without one there is
    /// nothing to ask for.
    fn of(target: Observation<Sent>) -> Self {
        let none = || Observation::Present(Vec::new());
        match target {
            Observation::Absent => Self { target, policies: none(), scheduled_actions: none() },
            _ => Self { target, ..Self::default() },
        }
    }
}

impl Scalings {
    /// Through this gateway. Must be made within a runtime.
    pub(super) fn new(gateway: Metered) -> Self {
        let targets = {
            let gateway = gateway.clone();
            Batcher::new(TARGETS, move |ids| read_targets(gateway.clone(), ids))
        };
        let list = |operation, size| {
            let pages = Pages { operation, size, last: Arc::default() };
            let (gateway, all) = (gateway.clone(), pages.clone());
            let batcher = Batcher::new(SCAN, move |ids| read_some(gateway.clone(), all.clone(), ids));
            List { pages, batcher }
        };
        let policies = list(Operation::DescribeScalingPolicies, 10);
        let actions = list(Operation::DescribeScheduledActions, 50);
        Self { gateway, targets, policies, actions }
    }

    /// The scaling of one resource. What could not be read is unknown, and the first error says why.
    pub(super) async fn one(&self, id: &str) -> (Scaling<Sent>, Option<AwsError>) {
        let target = match self.targets.get(id.to_owned()).await {
            Ok(Some(target)) => Observation::Present(target),
            Ok(None) => return (Scaling::of(Observation::Absent), None),
            Err(error) => return (Scaling::default(), Some(error)),
        };
        let [policies, actions] = [&self.policies, &self.actions].map(|list| list.batcher.ask(id.to_owned()));
        let mut error = None;
        let mut take = |answer: Answer<Vec<Sent>>| match answer {
            Ok(found) => Observation::Present(found.unwrap_or_default()),
            Err(failed) => {
                error.get_or_insert(failed);
                Observation::Unknown
            }
        };
        let (policies, scheduled_actions) = (take(policies.answer().await), take(actions.answer().await));
        (Scaling { target, policies, scheduled_actions }, error)
    }

    /// The scaling of many resources, told in their order once the last page is read.
    pub(super) async fn all(
        &self,
        ids: &[String],
        spread: Duration,
        mut tell: impl FnMut(usize, Scaling<Sent>, Option<&AwsError>),
    ) {
        let lists = [&self.policies.pages, &self.actions.pages];
        let pages: usize = lists.iter().map(|pages| pages.last.load(Ordering::Relaxed)).sum();
        let mut pace =
            Pace::new(self.gateway.budget(), Bucket::ScalingRead, ids.len().div_ceil(TARGETS) + pages, spread);
        let (targets, mut found_targets) = self.all_targets(ids, &mut pace).await;
        let with_target: HashSet<&str> =
            ids.iter().zip(&targets).filter(|(_, target)| matches!(target, Ok(true))).map(|(id, _)| &**id).collect();
        let mut found = Vec::with_capacity(lists.len());
        for pages in lists {
            found.push(pages.of(&self.gateway, &with_target, &mut pace).await);
        }
        for (nth, (id, target)) in ids.iter().zip(targets).enumerate() {
            let target = match target {
                Ok(true) => {
                    let target = found_targets.take(id).and_then(|mut targets| targets.pop());
                    target.map_or(Observation::Unknown, Observation::Present)
                }
                Ok(false) => {
                    tell(nth, Scaling::of(Observation::Absent), None);
                    continue;
                }
                Err(error) => {
                    tell(nth, Scaling::default(), Some(&error));
                    continue;
                }
            };
            let mut error = None;
            let [policies, scheduled_actions] = [0, 1].map(|list| match &mut found[list] {
                Ok(found) => found.take(id).map_or(Observation::Unknown, Observation::Present),
                Err(failed) => {
                    error = Some(failed.clone());
                    Observation::Unknown
                }
            });
            tell(nth, Scaling { target, policies, scheduled_actions }, error.as_ref());
        }
    }

    /// Whether each has a target, and the targets.
    async fn all_targets(&self, ids: &[String], pace: &mut Pace<'_>) -> (Vec<Result<bool, Box<AwsError>>>, Found) {
        let (asked, mut answers) = mpsc::unbounded_channel();
        let asking = async move {
            for ids in ids.chunks(TARGETS) {
                pace.turn().await;
                for id in ids {
                    // The receiver lives as long as this.
                    let _ = asked.send(self.targets.ask(id.clone()));
                }
            }
        };
        let taking = async move {
            let (mut targets, mut found, mut page) = (Vec::with_capacity(ids.len()), Found::default(), Vec::new());
            while let Some(asked) = answers.recv().await {
                let target = asked.answer().await.map_err(Box::new);
                let nth = targets.len();
                targets.push(target.map(|target| {
                    let there = target.is_some();
                    page.extend(target.map(|target| (ids[nth].clone(), target)));
                    there
                }));
                if page.len() == TARGETS {
                    found.keep(page.drain(..));
                }
            }
            found.keep(page.into_iter());
            (targets, found)
        };
        tokio::join!(asking, taking).1
    }
}

impl Pages {
    /// The elements of these resources: from the pages of all, or one resource after the other where that is less.
    async fn of(&self, gateway: &Metered, ids: &HashSet<&str>, pace: &mut Pace<'_>) -> Result<Found, AwsError> {
        if ids.is_empty() {
            return Ok(Found::default());
        }
        let mut found = Found::default();
        let mut keep = |elements: Vec<(String, Sent)>| {
            found.keep(elements.into_iter().filter(|(id, _)| ids.contains(id.as_str())));
        };
        if self.last.load(Ordering::Relaxed) <= ids.len() {
            let read = match self.read(gateway, None, Some(pace), &mut keep).await {
                Ok(read) => read,
                // The token of a page may have expired while AWS refused calls: from the first one again, once. What was
                // kept until then is read again and told apart below.
                Err(_) => self.read(gateway, None, Some(pace), &mut keep).await?,
            };
            self.last.store(read, Ordering::Relaxed);
        } else {
            for id in ids {
                self.read(gateway, Some(id), Some(pace), &mut keep).await?;
            }
        }
        Ok(found)
    }

    /// Reads all pages, of one resource or of the namespace; how many there are.
    async fn read(
        &self,
        gateway: &Metered,
        id: Option<&str>,
        mut pace: Option<&mut Pace<'_>>,
        keep: &mut impl FnMut(Vec<(String, Sent)>),
    ) -> Result<usize, AwsError> {
        let mut body = json!({"ServiceNamespace": "ecs", "MaxResults": self.size});
        if let Some(id) = id {
            body["ResourceId"] = json!(id);
            body["ScalableDimension"] = json!(SCALABLE_DIMENSION);
        }
        let mut read = 0;
        loop {
            let page = self.page(gateway, &body, pace.as_deref_mut()).await?;
            read += 1;
            keep(page.elements.into_iter().flatten().filter_map(by_id).collect());
            match page.next {
                Some(token) => body["NextToken"] = json!(token),
                None => return Ok(read),
            }
        }
    }

    /// One page. Only the look at all, which has a pace, asks again: a pass comes back by itself.
    async fn page(&self, gateway: &Metered, body: &Value, pace: Option<&mut Pace<'_>>) -> Result<Page, AwsError> {
        let Some(pace) = pace else { return gateway.read(self.operation, body).await };
        let mut attempt = 1;
        loop {
            pace.turn().await;
            match gateway.read(self.operation, body).await {
                Err(error)
                    if attempt < ATTEMPTS && matches!(error.class, ErrorClass::Throttled | ErrorClass::Transient) =>
                {
                    tokio::time::sleep(AGAIN * 2_u32.pow(attempt - 1)).await;
                    attempt += 1;
                }
                answer => return answer,
            }
        }
    }
}

async fn read_targets(gateway: Metered, ids: Vec<String>) -> Answers<Sent> {
    let mut body = json!({"ServiceNamespace": "ecs", "ResourceIds": ids, "ScalableDimension": SCALABLE_DIMENSION});
    let mut found = HashMap::new();
    loop {
        let page: Page = gateway.read(Operation::DescribeScalableTargets, &body).await?;
        found.extend(page.elements.into_iter().flatten().filter_map(by_id));
        match page.next {
            Some(token) => body["NextToken"] = json!(token),
            None => return Ok(found),
        }
    }
}

/// The elements of resources that passes ask for: those of each, or all pages where that is less. How long the pages are
/// is known from the last time; before that they may be many, and the look that reads them is under way.
async fn read_some(gateway: Metered, pages: Pages, ids: Vec<String>) -> Answers<Vec<Sent>> {
    let mut found: HashMap<String, Vec<Sent>> = ids.iter().map(|id| (id.clone(), Vec::new())).collect();
    let mut keep = |elements: Vec<(String, Sent)>| {
        for (id, element) in elements {
            if let Some(elements) = found.get_mut(&id) {
                elements.push(element);
            }
        }
    };
    let last = pages.last.load(Ordering::Relaxed);
    if ids.len() > 1 && (1..=ids.len()).contains(&last) {
        let read = pages.read(&gateway, None, None, &mut keep).await?;
        pages.last.store(read, Ordering::Relaxed);
    } else {
        for id in &ids {
            pages.read(&gateway, Some(id), None, &mut keep).await?;
        }
    }
    Ok(found)
}

fn by_id(element: Sent) -> Option<(String, Sent)> {
    // Spot fleets and the like live in other namespaces; the dimension tells a service's target from other ECS ones.
    let (id, dimension) = resource(&element)?;
    (dimension == SCALABLE_DIMENSION).then_some((id, element))
}
