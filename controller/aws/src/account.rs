/// One AWS account and region, and how to reach it: what a `Cluster` object says about them.
///
/// It is the key by which gateways are shared: clusters with an equal `Account` use one [`Gateway`](crate::Gateway),
/// and with it one set of connections and one set of cached credentials.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Account {
    /// The region, such as `ap-northeast-1`.
    pub region: String,
    /// A profile of the shared AWS configuration files, which is then the only source of credentials. Without it the
    /// SDK's default chain decides: environment, profile `default`, web identity, container role, instance role.
    pub profile: Option<String>,
    /// A role to assume on top of the credentials that the chain finds.
    pub assume_role_arn: Option<String>,
    /// The external id that the role's trust policy asks for; without `assume_role_arn` it has no meaning.
    pub external_id: Option<String>,
    /// One endpoint for every service (ECS, Application Auto Scaling, STS), as emulators have it. It wins over
    /// `AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>`, which the SDK honours otherwise.
    pub endpoint_url: Option<String>,
}

impl Account {
    /// The account number of the assumed role, the fifth part of its ARN.
    pub(crate) fn role_account(&self) -> Option<&str> {
        self.assume_role_arn.as_deref()?.split(':').nth(4).filter(|number| !number.is_empty())
    }
}
