//! The closed list of reasons: conditions, events, metrics and runbooks all use these words and no others.

use serde::{Deserialize, Serialize};

/// How a reason weighs on `Ready`, `Reconciling` and `Stalled`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// Nothing is wrong.
    Fine,
    /// Work goes on by itself: `Reconciling`.
    Progress,
    /// Only a person or a change of the spec helps: `Stalled`.
    Stuck,
}

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident: $weight:ident,)*) => {
        /// Why an object is as it is.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// All reasons.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The word as it stands in conditions, events and metrics.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// How it weighs.
            pub const fn weight(self) -> Weight {
                match self { $(Self::$name => Weight::$weight,)* }
            }
        }
    };
}

reasons! {
    /// Observed state is as declared.
    Succeeded: Fine,
    /// Differences are reported and, by the drift mode or the adoption, left alone.
    DriftReported: Fine,
    /// Observed state differs from what is declared.
    DriftDetected: Fine,
    /// Nobody is to be told and nothing is compared: drift mode `Ignore`.
    DriftIgnored: Fine,
    /// Changes are being made.
    Progressing: Progress,
    /// A rollout is under way.
    RolloutInProgress: Progress,
    /// A write was accepted and is not yet to be seen.
    AwaitingWrite: Progress,
    /// AWS could not be read: the state is unknown.
    ObservationUnknown: Progress,
    /// A TaskDefinition that this needs is not ready.
    TaskDefinitionNotReady: Progress,
    /// The Cluster that this needs is not ready.
    ClusterNotReady: Progress,
    /// Another object that this depends on is not ready.
    DependencyNotReady: Progress,
    /// A service of this name is still draining.
    Draining: Progress,
    /// The account's share of AWS's request rate is used up for now.
    WaitingForBudget: Progress,
    /// AWS throttled the call.
    Throttled: Progress,
    /// AWS or the way to it failed for the moment.
    Transient: Progress,
    /// Somebody changed the object or the resource at the same time.
    Conflict: Progress,
    /// The object is being deleted.
    Deleting: Progress,
    /// A live resource that is not ours: reported until its manifest says `adoption: Adopt`.
    AwaitingAdoption: Stuck,
    /// Something that takes away tasks, traffic or state waits for a person's word.
    AwaitingApproval: Stuck,
    /// Two owners claim one AWS resource.
    OwnershipConflict: Stuck,
    /// Only deleting and creating anew could do it; that is never done unasked.
    ReplacementRequired: Stuck,
    /// AWS accepted a value and shows another.
    NotReflected: Stuck,
    /// Somebody else sets back what is repaired, again and again; it is left alone.
    DriftFight: Stuck,
    /// Fewer tasks run than are wanted although no rollout is under way.
    Degraded: Progress,
    /// The resource does not exist in AWS.
    Missing: Progress,
    /// The rollout of this content failed; it is not tried again.
    RolloutFailed: Stuck,
    /// The resource belongs to another controller (EXTERNAL, Express mode, a CodeDeploy deployment).
    NotManaged: Stuck,
    /// CodeDeploy's application or deployment group is missing, does not fit the service, or is another service's.
    CodeDeployNotReady: Stuck,
    /// The spec is invalid.
    Invalid: Stuck,
    /// The manifest's file has an error; the last good spec stays in force.
    SourceInvalid: Stuck,
    /// AWS refused for lack of permission or quota.
    Denied: Stuck,
    /// The object is suspended.
    Suspended: Fine,
    /// A commit waits for its Cluster's change window.
    OutsideChangeWindow: Fine,
    /// A check of our own failed: nothing was done.
    InternalError: Stuck,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
