//! The commands that people know, with every kubectl.

use crate::fixture::{Lab, MINORS, SECRET, service};

/// A line, its exit code, and what is read of it.
type Step = (&'static str, i32, &'static [&'static str]);

/// Looking.
const READS: &[Step] = &[
    ("get services -A", 0, &["NAMESPACE", "SYNC", "HEALTH", "DESIRED", "RANGE", "lab", "Synced", "2-4", "lab-web:1"]),
    ("get esvc -n lab -o wide", 0, &["ROLLOUT", "REASON", "Succeeded", "arn:aws:ecs"]),
    (
        "get evenkeel -A",
        0,
        &["cluster.evenkeel.dev/lab", "taskdefinition.evenkeel.dev/web", "service.evenkeel.dev/web"],
    ),
    ("get all -n lab -o name", 0, &["service.evenkeel.dev/web"]),
    ("get etd -n lab -o yaml", 0, &["(masked)", "GREETING"]),
    ("get services -n lab -l team=shop -o jsonpath={.items[*].status.sync}", 0, &["Synced"]),
    ("get services -A --field-selector status.sync=OutOfSync", 0, &["No resources found"]),
    ("get services -A --show-labels --sort-by=.metadata.name", 0, &["team=shop"]),
    ("get esvc/web -n lab --subresource=status", 0, &["Synced"]),
    ("get esvc/web -n lab --subresource=scale -o jsonpath={.spec.replicas}", 0, &["2"]),
    ("get namespaces", 0, &["lab", "Active"]),
    ("get events -n lab", 0, &["LAST SEEN", "service/web"]),
    ("get events.events.k8s.io -n lab", 0, &["service/web"]),
    ("events -n lab --for service.evenkeel.dev/web", 0, &["Service/web"]),
    ("describe esvc web -n lab", 0, &["Name:         web", "Conditions:", "Events:", "Succeeded"]),
    ("api-resources", 0, &["evenkeel.dev/v1alpha1", "esvc", "events.k8s.io/v1"]),
    ("api-resources --categories=evenkeel -o name", 0, &["services.evenkeel.dev"]),
    ("api-versions", 0, &["evenkeel.dev/v1alpha1", "events.k8s.io/v1", "v1"]),
    ("explain services.spec.scaling", 0, &["maxCapacity", "policies"]),
    ("explain esvc.spec.service.loadBalancers", 0, &["starts a rollout", "targetGroupArn"]),
    ("explain etd.spec.taskDefinition.containerDefinitions.environment.value", 0, &["masked"]),
    ("explain esvc.status.conditions", 0, &["lastTransitionTime"]),
    ("version", 0, &["Server Version: v1."]),
    ("auth can-i patch services.evenkeel.dev -n lab", 0, &["yes"]),
    ("auth can-i get services.evenkeel.dev --subresource=scale -n lab", 0, &["yes"]),
    ("auth can-i patch services.evenkeel.dev --subresource=status -n lab", 1, &["no"]),
    ("auth can-i get pods", 1, &["no"]),
    ("auth can-i --list", 0, &["services.evenkeel.dev"]),
    ("auth whoami", 0, &["system:anonymous"]),
    ("get --raw /readyz", 0, &["ok"]),
    ("get esvc web -n lab -o yaml --show-managed-fields", 0, &["kind: Service"]),
    ("get esvc -A -o custom-columns=N:.metadata.name,S:.status.sync", 0, &["web", "Synced"]),
    ("get esvc -n lab -L team --no-headers", 0, &["shop"]),
    ("get evenkeel -A -o wide", 0, &["ACCOUNT", "FAMILY", "ROLLOUT"]),
    ("get esvc nobody -n lab", 1, &["(NotFound)", "services.evenkeel.dev \"nobody\" not found"]),
    ("get services --field-selector spec.x=1 -A", 1, &["BadRequest"]),
    ("get pods", 1, &["doesn't have a resource type"]),
    ("wait esvc/web -n lab --for=condition=Ready --timeout=30s", 0, &["condition met"]),
    ("wait esvc/web -n lab --for=jsonpath={.status.desiredCount}=2 --timeout=30s", 0, &["condition met"]),
    ("wait esvc/web -n lab --for=condition=Stalled --timeout=1s", 1, &["timed out"]),
];

/// Operating, and what is git's.
const WRITES: &[Step] = &[
    ("annotate esvc/web -n lab evenkeel.dev/suspend=true 'evenkeel.dev/suspend-reason=a look'", 0, &["annotated"]),
    ("wait esvc/web -n lab '--for=jsonpath={.status.suspended.reason}=a look' --timeout=30s", 0, &["condition met"]),
    ("annotate esvc/web -n lab evenkeel.dev/suspend- evenkeel.dev/suspend-reason-", 0, &["annotated"]),
    ("annotate esvc/web -n lab evenkeel.dev/reconcile-requested-at=once --overwrite", 0, &["annotated"]),
    ("wait esvc/web -n lab --for=jsonpath={.status.lastHandledReconcileAt}=once --timeout=30s", 0, &["condition met"]),
    ("annotate esvc/web -n lab evenkeel.dev/suspnd=true", 1, &["did you mean evenkeel.dev/suspend?"]),
    ("label esvc/web -n lab mine=yes --overwrite", 0, &["labeled"]),
    ("get esvc -A -l mine=yes -o name", 0, &["service.evenkeel.dev/web"]),
    ("label esvc/web -n lab mine-", 0, &["unlabeled"]),
    ("label esvc/web -n lab team=other --overwrite", 1, &["(Forbidden)", "label team is set at web/service.yaml:2"]),
    (
        "patch esvc/web -n lab --type=merge -p {\"spec\":{\"service\":{\"desiredCount\":3}}}",
        1,
        &["(Forbidden)", "web/service.yaml:2 (revision sha256:"],
    ),
    (
        "patch esvc/web -n lab --type=json -p [{\"op\":\"replace\",\"path\":\"/spec/scaling/maxCapacity\",\"value\":9}]",
        1,
        &["(Forbidden)"],
    ),
    ("patch esvc/web -n lab -p {}", 1, &["strategic-merge-patch+json is not supported"]),
    ("delete esvc/web -n lab", 1, &["(Forbidden)", "remove it there, in git"]),
    ("delete esvc/web -n lab --dry-run=server", 0, &["would be refused here", "(server dry run)"]),
    ("delete esvc --all -n lab", 1, &["(Forbidden)", "remove it there, in git"]),
    ("scale esvc/web -n lab --replicas=3", 1, &["(Forbidden)", "autoscaling's", "declared at web/service.yaml:2"]),
    ("create namespace other", 1, &["(MethodNotAllowed)", "declare the Cluster in git"]),
    ("apply -f changed.yaml", 1, &["(Forbidden)", "in git"]),
    ("apply --server-side -f changed.yaml", 1, &["(Forbidden)", "in git"]),
    ("apply -f same.yaml --server-side", 0, &["serverside-applied"]),
];

/// Dry runs: a change against the live fleet.
const DRY_RUNS: &[Step] = &[
    (
        "apply --dry-run=server -f changed.yaml",
        0,
        &[
            "Warning: would call RegisterScalableTarget",
            "/scaling/maxCapacity: 4 in AWS, 6 declared",
            "(server dry run)",
        ],
    ),
    ("apply --server-side --dry-run=server -f changed.yaml", 0, &["would call RegisterScalableTarget"]),
    ("diff -f changed.yaml", 1, &["-    maxCapacity: 4", "+    maxCapacity: 6"]),
    ("diff -f same.yaml", 0, &[]),
    ("create --dry-run=server -f new.yaml", 0, &["would call CreateService", "created (server dry run)"]),
    ("create -f new.yaml", 1, &["(Forbidden)", "add a manifest"]),
    ("apply --dry-run=server -f misspelled.yaml", 1, &["spec.service.desiredCont", "did you mean `desiredCount`?"]),
    ("apply --dry-run=server -f dangling.yaml", 1, &["there is no TaskDefinition wbe", "did you mean web?"]),
    ("get esvc -n lab -o jsonpath={.items[*].spec.scaling.maxCapacity}", 0, &["4"]),
];

fn play(lab: &Lab, steps: &[Step]) {
    let mut wrong = Vec::new();
    for minor in MINORS {
        for (line, code, texts) in steps {
            let finished = lab.run(minor, line);
            let said = format!("{}{}", finished.out, finished.err);
            let missing: Vec<_> = texts.iter().filter(|text| !said.contains(**text)).collect();
            if finished.code != *code || !missing.is_empty() || said.contains(SECRET) {
                wrong.push(format!("{minor} {line}: exit {} for {code}, without {missing:?}:\n{said}", finished.code));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_kubectl_looks_operates_and_previews() {
    let lab = Lab::start();
    lab.place.write("same.yaml", &service("web", 4));
    lab.place.write("changed.yaml", &service("web", 6));
    lab.place.write("new.yaml", &service("new", 4));
    lab.place.write("misspelled.yaml", &service("web", 4).replace("desiredCount", "desiredCont"));
    lab.place.write("dangling.yaml", &service("web", 4).replace("taskDefinition: web", "taskDefinition: wbe"));
    play(&lab, READS);
    play(&lab, DRY_RUNS);
    play(&lab, WRITES);
}
