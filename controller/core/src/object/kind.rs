//! The kinds and how the kube conventions name them.

/// The kinds of object that the store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// One ECS cluster in one account and region. Cluster-scoped; its name is the namespace of the others.
    Cluster,
    /// A task definition family and the content its newest revision is to have.
    TaskDefinition,
    /// An ECS service with its scaling.
    Service,
    /// Something that happened to an object, with a bounded life.
    Event,
    /// This installation of evenkeel itself. There is one, which no manifest declares: what holds for all Clusters stands
    /// here.
    Installation,
}

impl Kind {
    /// All kinds, in the order in which they are applied.
    pub const ALL: [Self; 5] = [Self::Cluster, Self::TaskDefinition, Self::Service, Self::Event, Self::Installation];

    /// `kind` as it stands in manifests.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cluster => "Cluster",
            Self::TaskDefinition => "TaskDefinition",
            Self::Service => "Service",
            Self::Event => "Event",
            Self::Installation => "Installation",
        }
    }

    /// Lower-case plural, as in API paths.
    pub const fn plural(self) -> &'static str {
        match self {
            Self::Cluster => "clusters",
            Self::TaskDefinition => "taskdefinitions",
            Self::Service => "services",
            Self::Event => "events",
            Self::Installation => "installations",
        }
    }

    /// Short name for command lines.
    pub const fn short_name(self) -> &'static str {
        match self {
            Self::Cluster => "ecl",
            Self::TaskDefinition => "etd",
            Self::Service => "esvc",
            Self::Event => "ev",
            Self::Installation => "einst",
        }
    }

    /// `apiVersion` that goes with the kind.
    pub const fn api_version(self) -> &'static str {
        match self {
            Self::Event => "v1",
            _ => super::API_VERSION,
        }
    }

    /// Whether objects of this kind live in a namespace.
    pub const fn namespaced(self) -> bool {
        !matches!(self, Self::Cluster | Self::Installation)
    }

    /// The kind that a manifest calls `name`, exactly.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// The kind that a command line names: kind, singular, plural or short name, in any case.
    pub fn from_resource(word: &str) -> Option<Self> {
        let word = word.to_ascii_lowercase();
        Self::ALL
            .into_iter()
            .find(|kind| word == kind.plural() || word == kind.short_name() || word == kind.name().to_ascii_lowercase())
    }
}

impl std::fmt::Display for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
