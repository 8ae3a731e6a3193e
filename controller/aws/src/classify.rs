//! What kind of failure an answer of AWS is: one table, from the ECS, Application Auto Scaling and CodeDeploy API references and
//! from what others met in practice (Terraform's AWS provider, whose waits are cited in the rows).

use std::fmt;

use evenkeel_core::operation::Operation;

/// The kinds of failure, few enough that each has one rule for when to come back. Those rules belong to the workqueue:
/// here is only what happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ErrorClass {
    /// AWS will refuse this document as long as it is the same: a spec to correct.
    Invalid,
    /// The state in AWS is not the one that was planned for (it drains, a deployment is in the way, another writer was
    /// first): look again and plan again. Nothing failed.
    Conflict,
    /// Too many calls in one of AWS's rate buckets: the bucket is shared, so everybody who draws on it holds back.
    Throttled,
    /// AWS or the way there failed, or something it needs has not spread yet. Likely to pass. Whether a write took
    /// place is unknown.
    Transient,
    /// Permissions, credentials or quotas: passes when a person has changed something outside the manifest.
    Denied,
    /// What was named does not exist (any more): an answer for a read and success for a deletion.
    NotFound,
    /// Nothing that a manifest or AWS could have caused: a mistake in evenkeel or in what plays AWS.
    Bug,
}

use ErrorClass::{Bug, Conflict, Denied, Invalid, NotFound, Throttled, Transient};

impl ErrorClass {
    /// Lower-case name, as for a metric label.
    pub const fn label(self) -> &'static str {
        match self {
            Invalid => "invalid",
            Conflict => "conflict",
            Throttled => "throttled",
            Transient => "transient",
            Denied => "denied",
            NotFound => "not-found",
            Bug => "bug",
        }
    }
}

impl fmt::Display for ErrorClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.label())
    }
}

const ANY: &[Operation] = &[];
const ROLL: &[Operation] = &[Operation::CreateService, Operation::UpdateService];
const CREATE: &[Operation] = &[Operation::CreateService];
const TARGET: &[Operation] = &[Operation::RegisterScalableTarget];
const NEEDS_TARGET: &[Operation] = &[Operation::PutScalingPolicy, Operation::PutScheduledAction];

/// Texts that tell apart what comes under one code (`InvalidParameterException`, `ClientException`,
/// `ValidationException`): in which operations, a lower-case part of the message, the class. ECS gives the same text
/// under more than one code, so the code is not asked. The first row that fits decides.
const TEXTS: &[(&[Operation], &str, ErrorClass)] = &[
    // Also inside FailedResourceAccessException, when CloudWatch throttles Application Auto Scaling.
    (ANY, "rate exceeded", Throttled),
    // Roles and target groups that have just been made; Terraform retries for four minutes.
    (ROLL, "service role being passed has the proper permissions", Transient),
    (ROLL, "does not have an associated load balancer", Transient),
    (CREATE, "unable to assume the service linked role", Transient),
    // The like in Application Auto Scaling; Terraform retries for two minutes.
    (TARGET, "unable to assume iam role", Transient),
    (TARGET, "ecs service doesn't exist", Transient),
    // The old service of this name has not gone yet: one to three minutes, often more.
    (CREATE, "still draining", Conflict),
    // The name is taken by a service with other parameters: it exists, so it must be looked at.
    (CREATE, "was not idempotent", Conflict),
    (&[Operation::UpdateService], "active deployments exist, unable to create new deployment", Conflict),
    (ROLL, "taskdefinition is inactive", Conflict),
    (&[Operation::DeleteService], "cannot be stopped while", Conflict),
    (ANY, "has a dependent object", Conflict),
    (&[Operation::DescribeTaskDefinition], "unable to describe task definition", NotFound),
    // AWS gives these with ObjectNotFoundException, emulators (moto) with ValidationException.
    (&[Operation::DeregisterScalableTarget], "no scalable target found", NotFound),
    (&[Operation::DeleteScalingPolicy], "no scaling policy found", NotFound),
    (&[Operation::DeleteScheduledAction], "no scheduled action found", NotFound),
    (&[Operation::DeregisterTaskDefinition], "in the process of being deleted", NotFound),
];

/// Codes that mean something else in some operations.
const CODES_BY_OPERATION: &[(&[Operation], &str, ErrorClass)] = &[
    // A cluster that was made just now; Terraform retries for four minutes.
    (CREATE, "ClusterNotFoundException", Transient),
    // The scalable target that was registered just now; elsewhere it says that there is nothing left to delete.
    (NEEDS_TARGET, "ObjectNotFoundException", Transient),
];

/// Codes that mean the same everywhere, whatever the HTTP status (ConcurrentUpdateException comes with 400 and 500).
const CODES: &[(ErrorClass, &[&str])] = &[
    (
        Throttled,
        &[
            "ThrottlingException",
            "Throttling",
            "ThrottledException",
            "RequestThrottled",
            "RequestThrottledException",
            "RequestLimitExceeded",
            "TooManyRequestsException",
            "SlowDown",
            "PriorRequestNotComplete",
        ],
    ),
    (
        Denied,
        &[
            "AccessDeniedException",
            "AccessDenied",
            "UnauthorizedException",
            "UnauthorizedOperation",
            "UnrecognizedClientException",
            "InvalidClientTokenId",
            "InvalidSignatureException",
            "SignatureDoesNotMatch",
            "MissingAuthenticationToken",
            "MissingAuthenticationTokenException",
            "IncompleteSignature",
            "IncompleteSignatureException",
            "ExpiredToken",
            "ExpiredTokenException",
            "RequestExpired",
            "RequestTimeTooSkewed",
            "OptInRequired",
            "BlockedException",
            // CloudWatch or ECS refused Application Auto Scaling; a throttle is caught by its text.
            "FailedResourceAccessException",
            // Quotas. The SDK counts the first among throttles; in ECS and Application Auto Scaling it is not.
            "LimitExceededException",
            "ServiceQuotaExceededException",
        ],
    ),
    (
        Conflict,
        &[
            "ConcurrentUpdateException",
            "ConflictException",
            "ServiceNotActiveException",
            "UpdateInProgressException",
            "ResourceInUseException",
            "ClusterContainsServicesException",
            "ClusterContainsTasksException",
            "ClusterContainsContainerInstancesException",
            "ClusterContainsCapacityProviderException",
            // CodeDeploy: another deployment occupies the group, or the one to be stopped has ended meanwhile.
            "DeploymentLimitExceededException",
            "DeploymentAlreadyCompletedException",
        ],
    ),
    (
        Transient,
        &[
            "ServerException",
            "InternalServiceException",
            "InternalFailure",
            "InternalError",
            "ServiceUnavailable",
            "ServiceUnavailableException",
            "RequestTimeout",
            "RequestTimeoutException",
            // The page that it pointed to is gone: list again from the start.
            "InvalidNextTokenException",
        ],
    ),
    (
        NotFound,
        &[
            "ClusterNotFoundException",
            "ServiceNotFoundException",
            "ObjectNotFoundException",
            "ResourceNotFoundException",
            "TargetNotFoundException",
            "ServiceDeploymentNotFoundException",
            "ApplicationDoesNotExistException",
            "DeploymentGroupDoesNotExistException",
            "DeploymentDoesNotExistException",
            "DeploymentTargetDoesNotExistException",
        ],
    ),
    (Bug, &["UnknownOperationException", "InvalidAction"]),
];

/// The class of an error that AWS answered `operation` with. Pure: the same answer has the same class always.
pub fn classify(operation: Operation, http_status: u16, code: &str, message: &str) -> ErrorClass {
    let message_lower = message.to_lowercase();
    let concerns = |operations: &[Operation]| operations.is_empty() || operations.contains(&operation);
    let text = TEXTS.iter().find(|(operations, text, _)| concerns(operations) && message_lower.contains(text));
    let special =
        || CODES_BY_OPERATION.iter().find(|(operations, special, _)| concerns(operations) && *special == code);
    match text.or_else(special) {
        Some((_, _, class)) => *class,
        None => classify_any(http_status, code),
    }
}

/// The class of an error of any operation, as far as code and status tell. A code that is not listed is a refusal of
/// the document: so it is with nearly all of AWS's 4xx codes.
pub(crate) fn classify_any(http_status: u16, code: &str) -> ErrorClass {
    match CODES.iter().find(|(_, codes)| codes.contains(&code)) {
        Some((class, _)) => *class,
        None => match http_status {
            401 | 403 | 407 => Denied,
            429 => Throttled,
            400..=499 if http_status != 408 => Invalid,
            _ => Transient,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Operation::*;

    /// Operation, HTTP status, code, message, class: the rows that AWS or users of it are known to have met.
    const ANSWERS: &[(Operation, u16, &str, &str, ErrorClass)] = &[
        (UpdateService, 400, "ThrottlingException", "Rate exceeded", Throttled),
        (PutScalingPolicy, 400, "ThrottlingException", "", Throttled),
        (DescribeServices, 400, "TooManyRequestsException", "", Throttled),
        (DescribeServices, 429, "Unknown", "", Throttled),
        (DescribeTaskDefinition, 400, "ThrottlingException", "Rate exceeded", Throttled),
        (UpdateService, 500, "ServerException", "Service Unavailable. Please try again later.", Transient),
        (DescribeScalableTargets, 500, "InternalServiceException", "", Transient),
        (DescribeServices, 503, "Unknown", "", Transient),
        (DescribeServices, 408, "RequestTimeout", "", Transient),
        (DescribeServices, 408, "Unknown", "", Transient),
        (ListServices, 400, "InvalidNextTokenException", "", Transient),
        (CreateService, 400, "ClusterNotFoundException", "Cluster not found.", Transient),
        (UpdateService, 400, "ClusterNotFoundException", "Cluster not found.", NotFound),
        (DescribeServices, 400, "ClusterNotFoundException", "Cluster not found.", NotFound),
        (UpdateService, 400, "ServiceNotFoundException", "Service not found.", NotFound),
        (DeleteService, 400, "ServiceNotFoundException", "Service not found.", NotFound),
        (UpdateService, 400, "ServiceNotActiveException", "Service was not ACTIVE.", Conflict),
        (
            CreateService,
            400,
            "InvalidParameterException",
            "Unable to assume role and validate the specified targetGroupArn. Please verify that the ECS service role \
             being passed has the proper permissions.",
            Transient,
        ),
        (
            UpdateService,
            400,
            "InvalidParameterException",
            "The target group with targetGroupArn arn:… does not have an associated load balancer.",
            Transient,
        ),
        (
            CreateService,
            400,
            "InvalidParameterException",
            "Unable to assume the service linked role. Please verify that the ECS service linked role exists.",
            Transient,
        ),
        (
            CreateService,
            400,
            "InvalidParameterException",
            "Unable to Start a service that is still Draining.",
            Conflict,
        ),
        (CreateService, 400, "InvalidParameterException", "Creation of service was not idempotent.", Conflict),
        (
            DeleteService,
            400,
            "InvalidParameterException",
            "The service cannot be stopped while deployments are active.",
            Conflict,
        ),
        (
            DeleteService,
            400,
            "InvalidParameterException",
            "The service cannot be stopped while it is scaled above 0.",
            Conflict,
        ),
        (
            UpdateService,
            400,
            "InvalidParameterException",
            "5 active deployments exist, unable to create new deployment.",
            Conflict,
        ),
        (DeleteService, 400, "DependencyViolation", "The resource has a dependent object", Conflict),
        (UpdateService, 400, "InvalidParameterException", "Cannot update load balancers on …", Invalid),
        (RegisterTaskDefinition, 400, "ClientException", "Invalid 'cpu' setting for task.", Invalid),
        (RegisterTaskDefinition, 400, "SerializationException", "", Invalid),
        (RegisterTaskDefinition, 413, "Unknown", "", Invalid),
        (DescribeTaskDefinition, 400, "ClientException", "Unable to describe task definition.", NotFound),
        (DescribeTaskDefinition, 400, "InvalidParameterException", "Invalid revision number.", Invalid),
        (UpdateService, 400, "ClientException", "TaskDefinition is inactive", Conflict),
        (
            DeregisterTaskDefinition,
            400,
            "ClientException",
            "The specified task definition is in the process of being deleted.",
            NotFound,
        ),
        (GetDeploymentGroup, 400, "ApplicationDoesNotExistException", "", NotFound),
        (GetDeploymentGroup, 400, "DeploymentGroupDoesNotExistException", "", NotFound),
        (GetDeployment, 400, "DeploymentDoesNotExistException", "", NotFound),
        (CreateDeployment, 400, "DeploymentLimitExceededException", "", Conflict),
        (CreateDeployment, 400, "InvalidRevisionException", "", Invalid),
        (StopDeployment, 400, "DeploymentAlreadyCompletedException", "", Conflict),
        (StopServiceDeployment, 400, "ServiceDeploymentNotFoundException", "", NotFound),
        (DeleteCluster, 400, "ClusterContainsServicesException", "", Conflict),
        (DeleteCluster, 400, "ClusterContainsTasksException", "", Conflict),
        (PutClusterCapacityProviders, 400, "ResourceInUseException", "", Conflict),
        (PutClusterCapacityProviders, 400, "UpdateInProgressException", "", Conflict),
        (
            RegisterTaskDefinition,
            400,
            "AccessDeniedException",
            "User: arn:… is not authorized to perform: iam:PassRole on resource: arn:…",
            Denied,
        ),
        (DescribeServices, 400, "UnrecognizedClientException", "The security token … is invalid.", Denied),
        (DescribeServices, 400, "ExpiredTokenException", "The security token … is expired", Denied),
        (DescribeServices, 403, "InvalidSignatureException", "Signature expired: …", Denied),
        (DescribeServices, 403, "Unknown", "", Denied),
        (CreateService, 400, "LimitExceededException", "", Denied),
        (RegisterScalableTarget, 400, "LimitExceededException", "", Denied),
        (RegisterScalableTarget, 400, "ValidationException", "Unable to assume IAM role: arn:…", Transient),
        (RegisterScalableTarget, 400, "ValidationException", "ECS service doesn't exist: service/c/s", Transient),
        (RegisterScalableTarget, 400, "ValidationException", "Maximum capacity cannot be less than …", Invalid),
        (
            DescribeScalingPolicies,
            400,
            "FailedResourceAccessException",
            "Unable to retrieve alarms for scaling policy … due to reason: Rate exceeded (Service: AmazonCloudWatch…",
            Throttled,
        ),
        (PutScalingPolicy, 400, "FailedResourceAccessException", "Unable to create alarms", Denied),
        (PutScalingPolicy, 400, "ObjectNotFoundException", "No scalable target registered for …", Transient),
        (PutScheduledAction, 400, "ObjectNotFoundException", "No scalable target registered for …", Transient),
        (DeleteScalingPolicy, 400, "ObjectNotFoundException", "No scaling policy found for …", NotFound),
        (DeleteScheduledAction, 400, "ObjectNotFoundException", "", NotFound),
        (DeregisterScalableTarget, 400, "ValidationException", "No scalable target found for …", NotFound),
        (DeregisterScalableTarget, 400, "ObjectNotFoundException", "", NotFound),
        (PutScalingPolicy, 400, "ConcurrentUpdateException", "You already have a pending update to …", Conflict),
        (PutScalingPolicy, 500, "ConcurrentUpdateException", "You already have a pending update to …", Conflict),
        (TagResource, 404, "ResourceNotFoundException", "", NotFound),
        (TagResource, 400, "TooManyTagsException", "", Invalid),
        (CreateService, 400, "PlatformUnknownException", "", Invalid),
        (CreateService, 400, "PlatformTaskDefinitionIncompatibilityException", "", Invalid),
        (UpdateService, 400, "UnsupportedFeatureException", "", Invalid),
        (CreateService, 400, "NamespaceNotFoundException", "", Invalid),
        (UpdateClusterSettings, 400, "UnknownOperationException", "", Bug),
    ];

    #[test]
    fn every_known_answer_has_its_class() {
        for (operation, status, code, message, class) in ANSWERS {
            assert_eq!(classify(*operation, *status, code, message), *class, "{operation} {status} {code}: {message}");
        }
    }

    #[test]
    fn no_code_has_two_classes_and_every_text_is_lower_case() {
        let mut codes: Vec<_> = CODES.iter().flat_map(|(_, codes)| *codes).collect();
        let listed = codes.len();
        codes.sort();
        codes.dedup();
        assert_eq!(codes.len(), listed);
        assert!(TEXTS.iter().all(|(_, text, _)| *text == text.to_lowercase()));
    }
}
