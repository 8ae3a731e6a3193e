//! From an operation's name to the SDK's builder for it.

use std::future::Future;
use std::pin::Pin;

use evenkeel_core::operation::Operation;

use crate::AwsError;
use crate::connect::Clients;
use crate::failure::failure;
use crate::wire::Wire;

/// The SDK at work. Boxed, since as one type it would be as large as the largest of all operations.
pub(crate) type Sending = Pin<Box<dyn Future<Output = Result<(), AwsError>> + Send>>;

macro_rules! dispatch {
    ($($client:ident { $($operation:ident $builder:ident,)* })*) => {
        /// Sends `wire` as `operation`. What the SDK makes of the answer is of no interest, since `wire` has caught it;
        /// the error matters when there was no answer.
        pub(crate) fn send(clients: &Clients, operation: Operation, wire: Wire) -> Sending {
            match operation {
                $($(Operation::$operation => {
                    let call = clients.$client.$builder().customize().interceptor(wire);
                    Box::pin(async move { call.send().await.map(drop).map_err(|error| failure(operation.name(), error)) })
                })*)*
            }
        }
    };
}

dispatch! {
    ecs {
        CreateCluster create_cluster,
        DeleteCluster delete_cluster,
        DescribeClusters describe_clusters,
        ListClusters list_clusters,
        PutClusterCapacityProviders put_cluster_capacity_providers,
        UpdateCluster update_cluster,
        UpdateClusterSettings update_cluster_settings,
        RegisterTaskDefinition register_task_definition,
        DeregisterTaskDefinition deregister_task_definition,
        DeleteTaskDefinitions delete_task_definitions,
        DescribeTaskDefinition describe_task_definition,
        ListTaskDefinitions list_task_definitions,
        ListTaskDefinitionFamilies list_task_definition_families,
        CreateService create_service,
        UpdateService update_service,
        DeleteService delete_service,
        DescribeServices describe_services,
        ListServices list_services,
        ListServiceDeployments list_service_deployments,
        DescribeServiceDeployments describe_service_deployments,
        StopServiceDeployment stop_service_deployment,
        ContinueServiceDeployment continue_service_deployment,
        DescribeServiceRevisions describe_service_revisions,
        ListTasks list_tasks,
        DescribeTasks describe_tasks,
        TagResource tag_resource,
        UntagResource untag_resource,
        ListTagsForResource list_tags_for_resource,
    }
    scaling {
        RegisterScalableTarget register_scalable_target,
        DeregisterScalableTarget deregister_scalable_target,
        DescribeScalableTargets describe_scalable_targets,
        PutScalingPolicy put_scaling_policy,
        DeleteScalingPolicy delete_scaling_policy,
        DescribeScalingPolicies describe_scaling_policies,
        PutScheduledAction put_scheduled_action,
        DeleteScheduledAction delete_scheduled_action,
        DescribeScheduledActions describe_scheduled_actions,
        DescribeScalingActivities describe_scaling_activities,
    }
    code_deploy {
        CreateApplication create_application,
        DeleteApplication delete_application,
        GetApplication get_application,
        ListApplications list_applications,
        CreateDeploymentGroup create_deployment_group,
        UpdateDeploymentGroup update_deployment_group,
        DeleteDeploymentGroup delete_deployment_group,
        GetDeploymentGroup get_deployment_group,
        ListDeploymentGroups list_deployment_groups,
        BatchGetDeploymentGroups batch_get_deployment_groups,
        GetDeploymentConfig get_deployment_config,
        CreateDeployment create_deployment,
        GetDeployment get_deployment,
        ListDeployments list_deployments,
        ListDeploymentTargets list_deployment_targets,
        BatchGetDeploymentTargets batch_get_deployment_targets,
        StopDeployment stop_deployment,
        ContinueDeployment continue_deployment,
    }
}
