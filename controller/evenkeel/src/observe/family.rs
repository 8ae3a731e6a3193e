//! Reads a task definition family: the list of ACTIVE revisions, and the content of those that are not known yet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use evenkeel_aws::{AwsError, ErrorClass};
use evenkeel_core::canonical::{DocumentKind, content_hash};
use evenkeel_core::operation::Operation;
use evenkeel_core::plan::Observation;
use evenkeel_core::plan::task_definition::{Observed, Revision};
use evenkeel_core::view::{family_and_revision, tags};
use evenkeel_store::{Batch, MAX_WRITES, Store, Table, Write};
use serde_json::{Value, json};

use crate::budget::Metered;
use crate::clock::Clock;

/// How many of the newest revisions are looked at for the wanted content. Content that is older than that is
/// registered again, which costs a revision number and nothing else.
const NEWEST: usize = 10;

/// How many revisions of a family stay known: those that are looked at, and as many that somebody may go back to.
const KEPT: usize = 2 * NEWEST;

/// How many revisions are described before what is known is thinned out; where more are known, as many as those, so that
/// this costs next to nothing in a fleet of any size.
const THIN: usize = 256;

/// Content hashes of described revisions, by ARN. Revisions never change; of each family the newest stay known.
#[derive(Clone, Debug)]
pub struct Revisions {
    store: Store,
    clock: Clock,
    /// How many are described until the next thinning out.
    left: Arc<AtomicUsize>,
}

impl Revisions {
    /// The cache in this store.
    pub fn new(store: Store, clock: Clock) -> Self {
        Self { store, clock, left: Arc::new(AtomicUsize::new(THIN)) }
    }

    /// The content hash of a revision, if it was ever described.
    pub async fn known(&self, arn: &str) -> Option<String> {
        let value = self.store.record(Table::TaskDefinitions, arn).await.ok()??;
        String::from_utf8(value).ok()
    }

    /// The content hash of a revision, described if need be.
    ///
    /// # Errors
    /// The call's.
    pub async fn content(&self, gateway: &Metered, arn: &str) -> Result<String, AwsError> {
        match self.known(arn).await {
            Some(content) => Ok(content),
            None => Ok(self.describe(gateway, arn).await?.content),
        }
    }

    async fn describe(&self, gateway: &Metered, arn: &str) -> Result<Revision, AwsError> {
        let body = json!({"taskDefinition": arn, "include": ["TAGS"]});
        let answer = gateway.call(Operation::DescribeTaskDefinition, &body).await?;
        let document = answer["taskDefinition"].clone();
        let content = content_hash(DocumentKind::TaskDefinition, &document);
        let write =
            Write::Record { table: Table::TaskDefinitions, key: arn.to_owned(), value: content.clone().into_bytes() };
        // A cache that cannot be written costs another read, no more.
        let _ = self.store.commit(Batch::new(self.clock.now(), vec![write])).await;
        let left = self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| Some(left.saturating_sub(1)));
        if left == Ok(1) {
            let known = self.thin_out().await;
            self.left.store(known.max(THIN), Ordering::Relaxed);
        }
        Ok(Revision { document, content, tags: tags(answer.get("tags")) })
    }

    /// Forgets all but the newest of each family; how many are left.
    async fn thin_out(&self) -> usize {
        let Ok(records) = self.store.records(Table::TaskDefinitions).await else { return 0 };
        let mut families: BTreeMap<&str, Vec<(u64, &String)>> = BTreeMap::new();
        for (arn, _) in &records {
            let Some((family, revision)) = arn.rsplit_once(':') else { continue };
            families.entry(family).or_default().push((revision.parse().unwrap_or_default(), arn));
        }
        let mut old = Vec::new();
        for mut revisions in families.into_values() {
            revisions.sort_unstable_by(|a, b| b.cmp(a));
            old.extend(revisions.into_iter().skip(KEPT).map(|(_, arn)| arn));
        }
        for chunk in old.chunks(MAX_WRITES) {
            let forget = |arn: &&String| Write::RemoveRecord { table: Table::TaskDefinitions, key: (*arn).clone() };
            // The next time does what this one could not.
            let _ = self.store.commit(Batch::new(self.clock.now(), chunk.iter().map(forget).collect())).await;
        }
        records.len() - old.len()
    }
}

/// Reads a family, looking for `content`: newest revisions first, and no further than need be. The newest is always
/// described, so that a plan can say how it differs and which tags it has.
///
/// # Errors
/// The first call that failed.
pub async fn read_family(
    gateway: &Metered,
    revisions: &Revisions,
    clock: &Clock,
    family: &str,
    content: &str,
    remembered: Option<&String>,
) -> Result<Observed, AwsError> {
    let read_at = clock.now();
    let active = list_active(gateway, family).await?;
    let mut known = BTreeMap::new();
    let first = remembered.filter(|arn| active.contains(arn)).or(active.first()).cloned();
    let candidates = first.iter().chain(active.iter().filter(|arn| Some(*arn) != first.as_ref())).take(NEWEST);
    for arn in candidates {
        let cached = if Some(arn) == first.as_ref() { None } else { revisions.known(arn).await };
        let revision = match cached {
            Some(content) => Revision { document: Value::Null, content, tags: BTreeMap::new() },
            None => match revisions.describe(gateway, arn).await {
                Ok(revision) => revision,
                // Deregistered and deleted between the list and now.
                Err(error) if error.class == ErrorClass::NotFound => continue,
                Err(error) => return Err(error),
            },
        };
        let found = revision.content == content;
        known.insert(arn.clone(), revision);
        if found {
            break;
        }
    }
    Ok(Observed { active: Observation::Present(active), revisions: known, needed: None, read_at })
}

async fn list_active(gateway: &Metered, family: &str) -> Result<Vec<String>, AwsError> {
    let mut body = json!({"familyPrefix": family, "status": "ACTIVE", "sort": "DESC", "maxResults": 100});
    let mut arns: Vec<String> = Vec::new();
    loop {
        let answer = gateway.call(Operation::ListTaskDefinitions, &body).await?;
        let page = answer["taskDefinitionArns"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let of_family = |arn: &&str| family_and_revision(arn).is_some_and(|(name, _)| name == family);
        arns.extend(page.filter(of_family).map(str::to_owned));
        match answer.get("nextToken").filter(|token| token.is_string()) {
            Some(token) => body["nextToken"] = token.clone(),
            None => break,
        }
    }
    // Emulators do not all sort.
    arns.sort_by_key(|arn| std::cmp::Reverse(family_and_revision(arn).map(|(_, revision)| revision)));
    Ok(arns)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[tokio::test]
    async fn of_each_family_only_the_newest_revisions_stay_known() {
        let store = Store::temporary(evenkeel_store::Options::default()).await.unwrap();
        let clock = Clock::system();
        let arn = |family: &str, number: usize| format!("arn:aws:ecs:r:1:task-definition/{family}:{number}");
        let record = |arn: String| Write::Record { table: Table::TaskDefinitions, key: arn, value: b"v1".to_vec() };
        let writes = (1..=100).map(|number| record(arn("web", number))).chain([record(arn("api", 7))]);
        store.commit(Batch::new(clock.now(), writes.collect())).await.unwrap();
        let revisions = Revisions::new(store, clock);
        assert_eq!(revisions.thin_out().await, KEPT + 1);
        assert_eq!(revisions.known(&arn("web", 100 - KEPT)).await, None);
        for kept in [arn("web", 100 - KEPT + 1), arn("web", 100), arn("api", 7)] {
            assert_eq!(revisions.known(&kept).await.as_deref(), Some("v1"), "{kept}");
        }
    }
}
