//! The one vocabulary of AWS operations: dispatch, read-only mode, rate buckets, IAM policies, the plan checker and
//! the sandbox all speak it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The AWS services that evenkeel calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum AwsService {
    /// Amazon ECS.
    Ecs,
    /// Application Auto Scaling.
    ApplicationAutoScaling,
    /// AWS CodeDeploy.
    CodeDeploy,
}

impl AwsService {
    /// Prefix of `X-Amz-Target` (awsJson1.1).
    pub const fn target_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "AmazonEC2ContainerServiceV20141113",
            Self::ApplicationAutoScaling => "AnyScaleFrontendService",
            Self::CodeDeploy => "CodeDeploy_20141006",
        }
    }

    /// Prefix of IAM actions.
    pub const fn iam_prefix(self) -> &'static str {
        match self {
            Self::Ecs => "ecs",
            Self::ApplicationAutoScaling => "application-autoscaling",
            Self::CodeDeploy => "codedeploy",
        }
    }
}

/// Whether an operation changes anything in AWS.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Changes nothing.
    Read,
    /// May change something.
    Write,
}

/// The token buckets that AWS draws calls from, one of each per account and region. The ECS figures are published;
/// those of Application Auto Scaling and CodeDeploy are not, so the buckets for these are careful guesses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs)] // the names are AWS's own
pub enum Bucket {
    ClusterModify,
    ClusterRead,
    ServiceModify,
    ServiceRead,
    ServiceDeploymentModify,
    ServiceDeploymentRead,
    ServiceRevisionRead,
    ClusterResourceRead,
    TaskDefinitionModify,
    TaskDefinitionDeletion,
    TaskDefinitionRead,
    TagModify,
    TagRead,
    ScalingModify,
    ScalingRead,
    CodeDeployModify,
    CodeDeployRead,
}

impl Bucket {
    /// `(burst, refill per second)` as the ECS developer guide publishes them ("Request throttling for the Amazon ECS
    /// API"); where nothing is published, as for Application Auto Scaling, CodeDeploy, StopServiceDeployment and
    /// ContinueServiceDeployment, as low as users report throttling to begin or as the nearest published bucket.
    pub const fn limits(self) -> (u32, u32) {
        match self {
            Self::ClusterModify => (20, 1),
            Self::ClusterRead => (50, 20),
            Self::ServiceModify => (50, 5),
            Self::ServiceRead | Self::ClusterResourceRead => (100, 20),
            Self::ServiceDeploymentModify => (20, 1),
            Self::ServiceDeploymentRead | Self::ServiceRevisionRead => (50, 20),
            Self::TaskDefinitionModify => (20, 1),
            Self::TaskDefinitionDeletion => (5, 1),
            Self::TaskDefinitionRead => (50, 20),
            Self::TagModify => (20, 10),
            Self::TagRead => (50, 20),
            Self::ScalingModify => (20, 5),
            Self::ScalingRead => (50, 10),
            Self::CodeDeployModify => (10, 1),
            Self::CodeDeployRead => (50, 10),
        }
    }
}

macro_rules! operations {
    ($($name:ident: $service:ident $access:ident $bucket:ident,)*) => {
        /// Every AWS operation that evenkeel or its sandbox knows, by AWS's own name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[allow(missing_docs)]
        pub enum Operation { $($name,)* }

        impl Operation {
            /// All operations.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// AWS's name for it.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }

            /// The service that offers it.
            pub const fn service(self) -> AwsService {
                match self { $(Self::$name => AwsService::$service,)* }
            }

            /// Whether it reads or writes.
            pub const fn access(self) -> Access {
                match self { $(Self::$name => Access::$access,)* }
            }

            /// The rate bucket that AWS draws it from.
            pub const fn bucket(self) -> Bucket {
                match self { $(Self::$name => Bucket::$bucket,)* }
            }
        }
    };
}

operations! {
    CreateCluster: Ecs Write ClusterModify,
    DeleteCluster: Ecs Write ClusterModify,
    DescribeClusters: Ecs Read ClusterRead,
    ListClusters: Ecs Read ClusterRead,
    PutClusterCapacityProviders: Ecs Write ClusterModify,
    UpdateCluster: Ecs Write ClusterModify,
    UpdateClusterSettings: Ecs Write ClusterModify,
    RegisterTaskDefinition: Ecs Write TaskDefinitionModify,
    DeregisterTaskDefinition: Ecs Write TaskDefinitionModify,
    DeleteTaskDefinitions: Ecs Write TaskDefinitionDeletion,
    DescribeTaskDefinition: Ecs Read TaskDefinitionRead,
    ListTaskDefinitions: Ecs Read TaskDefinitionRead,
    ListTaskDefinitionFamilies: Ecs Read TaskDefinitionRead,
    CreateService: Ecs Write ServiceModify,
    UpdateService: Ecs Write ServiceModify,
    DeleteService: Ecs Write ServiceModify,
    DescribeServices: Ecs Read ServiceRead,
    ListServices: Ecs Read ServiceRead,
    ListServiceDeployments: Ecs Read ServiceDeploymentRead,
    DescribeServiceDeployments: Ecs Read ServiceDeploymentRead,
    StopServiceDeployment: Ecs Write ServiceDeploymentModify,
    ContinueServiceDeployment: Ecs Write ServiceDeploymentModify,
    DescribeServiceRevisions: Ecs Read ServiceRevisionRead,
    ListTasks: Ecs Read ClusterResourceRead,
    DescribeTasks: Ecs Read ClusterResourceRead,
    TagResource: Ecs Write TagModify,
    UntagResource: Ecs Write TagModify,
    ListTagsForResource: Ecs Read TagRead,
    RegisterScalableTarget: ApplicationAutoScaling Write ScalingModify,
    DeregisterScalableTarget: ApplicationAutoScaling Write ScalingModify,
    DescribeScalableTargets: ApplicationAutoScaling Read ScalingRead,
    PutScalingPolicy: ApplicationAutoScaling Write ScalingModify,
    DeleteScalingPolicy: ApplicationAutoScaling Write ScalingModify,
    DescribeScalingPolicies: ApplicationAutoScaling Read ScalingRead,
    PutScheduledAction: ApplicationAutoScaling Write ScalingModify,
    DeleteScheduledAction: ApplicationAutoScaling Write ScalingModify,
    DescribeScheduledActions: ApplicationAutoScaling Read ScalingRead,
    DescribeScalingActivities: ApplicationAutoScaling Read ScalingRead,
    CreateApplication: CodeDeploy Write CodeDeployModify,
    DeleteApplication: CodeDeploy Write CodeDeployModify,
    GetApplication: CodeDeploy Read CodeDeployRead,
    ListApplications: CodeDeploy Read CodeDeployRead,
    CreateDeploymentGroup: CodeDeploy Write CodeDeployModify,
    UpdateDeploymentGroup: CodeDeploy Write CodeDeployModify,
    DeleteDeploymentGroup: CodeDeploy Write CodeDeployModify,
    GetDeploymentGroup: CodeDeploy Read CodeDeployRead,
    ListDeploymentGroups: CodeDeploy Read CodeDeployRead,
    BatchGetDeploymentGroups: CodeDeploy Read CodeDeployRead,
    GetDeploymentConfig: CodeDeploy Read CodeDeployRead,
    CreateDeployment: CodeDeploy Write CodeDeployModify,
    GetDeployment: CodeDeploy Read CodeDeployRead,
    ListDeployments: CodeDeploy Read CodeDeployRead,
    ListDeploymentTargets: CodeDeploy Read CodeDeployRead,
    BatchGetDeploymentTargets: CodeDeploy Read CodeDeployRead,
    StopDeployment: CodeDeploy Write CodeDeployModify,
    ContinueDeployment: CodeDeploy Write CodeDeployModify,
}

impl Operation {
    /// The operation that an `X-Amz-Target` header names, such as `AnyScaleFrontendService.PutScalingPolicy`.
    pub fn from_target(target: &str) -> Option<Self> {
        let (prefix, name) = target.split_once('.')?;
        Self::ALL.iter().copied().find(|op| op.name() == name && op.service().target_prefix() == prefix)
    }

    /// The value of `X-Amz-Target` for this operation.
    pub fn target(self) -> String {
        format!("{}.{}", self.service().target_prefix(), self.name())
    }

    /// The IAM action that allows it. (ECS has no action of its own for task definitions named otherwise.)
    pub fn iam_action(self) -> String {
        format!("{}:{}", self.service().iam_prefix(), self.name())
    }
}

impl std::fmt::Display for Operation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// One AWS write that a plan asks for, complete: whoever executes it decides nothing.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Action {
    /// What to call.
    pub operation: Operation,
    /// The whole request body, in wire form.
    pub body: Value,
    /// Why, for people: one lower-case fragment such as `desired count is outside [2, 4]`.
    pub reason: String,
}
