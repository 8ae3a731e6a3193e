//! What goes wrong around the program: each time a clear word, nothing lost, and no end without a cause.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use evenkeel_tests::program::{Controller, Place, Process, binary, finish, until};
use serde_json::Value;

use crate::live::range;
use crate::metrics::MANIFESTS;

#[test]
fn scrapes_during_a_shutdown_are_whole_or_refused() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    let mut controller = Controller::start(&place, &["--sandbox", "--source", "source"]);
    controller.ready(3);
    let address = controller.url.trim_start_matches("http://").to_owned();
    let (answers, done) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(0)));
    let scrapers: Vec<_> = (0..4)
        .map(|_| {
            let (address, answers, done) = (address.clone(), answers.clone(), done.clone());
            std::thread::spawn(move || {
                let ask = "GET /metrics HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
                while let Ok(mut stream) = TcpStream::connect(&address) {
                    let mut answer = String::new();
                    // Accepted by the system and by nobody else, once the program has stopped listening.
                    let Ok(()) = stream.write_all(ask.as_bytes()) else { break };
                    let Ok(_) = stream.read_to_string(&mut answer) else { break };
                    answers.lock().unwrap().push(answer);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            })
        })
        .collect();
    let scraped = |count: usize| {
        until("scrapes", || match done.load(Ordering::Relaxed) {
            so_far if so_far >= count => Ok(()),
            so_far => Err(format!("{so_far} of {count}")),
        });
    };
    scraped(20);
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);
    for scraper in scrapers {
        scraper.join().unwrap();
    }
    for answer in answers.lock().unwrap().iter().filter(|answer| !answer.is_empty()) {
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: ")).unwrap();
        assert!(head.starts_with("HTTP/1.1 200") && body.len().to_string() == length, "{head}");
        assert!(body.contains("evenkeel_build_info"), "{body}");
    }
    assert!(!controller.process.lines().join("\n").contains("panicked"));
}

#[test]
fn a_webhook_that_hangs_holds_up_neither_passes_nor_the_end() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    // It takes connections, and then says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", silent.local_addr().unwrap());
    place.write("webhooks.yaml", &format!("webhooks: [{{url: '{url}'}}]"));
    let mut controller = Controller::start(&place, &["--sandbox", "--source", "source", "--webhooks", "webhooks.yaml"]);
    controller.ready(3);
    controller.aws(&place).call(&range(1, 9));
    let (mut held, _) = silent.accept().unwrap();
    let mut asked = [0; 4];
    held.read_exact(&mut asked).unwrap();
    assert_eq!(&asked, b"POST");
    until("the repair", || {
        let target =
            controller.aws(&place).call("application-autoscaling describe-scalable-targets --service-namespace ecs");
        let target = &target["ScalableTargets"][0];
        (target["MaxCapacity"] == 4).then_some(()).ok_or_else(|| target.to_string())
    });
    let start = Instant::now();
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);
    assert!(start.elapsed() < Duration::from_secs(8), "it waited {:?} for a webhook that hangs", start.elapsed());
}

/// Starts the controller so that no file of its can grow beyond some KiB: a full disk, as it sees it.
fn cramped(place: &Place, kibibytes: u32) -> Process {
    // What is too large is then an error of the write, and not the end of the process.
    let script = format!("trap '' XFSZ; ulimit -f {kibibytes}; exec \"$0\" \"$@\"");
    let mut command = place.command(Path::new("bash"));
    command.args(["-c", &script]).arg(binary());
    command.args(["run", "--listen", "127.0.0.1:0", "--sandbox-listen", "127.0.0.1:0", "--interval", "1s"]);
    command.args(["--log-format", "json", "--sandbox", "--source", "source", "--data", "data"]);
    Process::start(command)
}

fn told(lines: &[String], part: &str) -> bool {
    lines.iter().any(|line| line.contains(part))
}

#[test]
fn a_full_disk_stops_writes_and_nothing_else_and_loses_nothing() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    let arguments = ["--sandbox", "--source", "source", "--data", "data"];
    let mut controller = Controller::start(&place, &arguments);
    controller.ready(3);
    let acknowledged = controller.list("services")[0]["metadata"].clone();
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);

    let size = u32::try_from(std::fs::metadata(place.path("data/sled/db")).unwrap().len() / 1024).unwrap();
    let mut at_once = cramped(&place, size);
    assert_eq!(at_once.exit(), 1);
    assert!(told(&at_once.lines(), "the store in data cannot be opened: File too large"), "{:?}", at_once.lines());
    // With room for a start, and no more: many more objects do that.
    let service = MANIFESTS.split("---").last().unwrap();
    for number in 0..400 {
        let one = service
            .replace("name: frontapp, ", &format!("name: web-{number}, "))
            .replace("serviceName: frontapp", &format!("serviceName: web-{number}"));
        place.write(&format!("source/web-{number}.yaml"), &one);
    }
    let mut process = cramped(&place, size + 1_024);
    let url = process.line("the controller to run", |line| {
        let line: Value = serde_json::from_str(line).ok()?;
        (line["message"] == "evenkeel is running")
            .then(|| format!("http://{}", line["listen"].as_str().unwrap_or_default()))
    });
    let get = |path: &str| {
        let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
        agent.get(format!("{url}{path}")).call().unwrap().body_mut().read_to_string().unwrap()
    };
    until("the store to fail", || {
        let ready = get("/readyz");
        ready.contains("[-]store failed: a write failed").then_some(()).ok_or(ready)
    });
    assert!(get("/metrics").contains("evenkeel_store_up 0"));
    assert!(get("/apis/evenkeel.dev/v1alpha1/services").contains("frontapp"), "what is known is still served");
    assert_eq!(get("/livez"), "ok");
    let said = process.lines();
    assert!(
        told(&said, "the store failed and takes no more writes") && told(&said, "look after the volume"),
        "{said:?}"
    );
    assert!(told(&said, "File too large"), "{said:?}");
    process.signal("TERM");
    assert_eq!(process.exit(), 0);

    place.run(&["store", "check", "--data", "data"]).expect(0);
    let controller = Controller::start(&place, &arguments);
    until("everything that was acknowledged", || {
        let services = controller.list("services");
        let found =
            services.iter().find(|it| it["metadata"]["name"] == "frontapp").map(|it| it["metadata"]["uid"].clone());
        (found.as_ref() == Some(&acknowledged["uid"])).then_some(()).ok_or_else(|| format!("{found:?}"))
    });
}

/// A command that runs as nobody in particular, which root is not.
fn as_nobody(place: &Place, arguments: &[&str]) -> Command {
    let root = finish(place.command(Path::new("id"))).out.contains("uid=0(");
    let mut command = if root { place.command(Path::new("setpriv")) } else { place.command(binary()) };
    if root {
        command.args(["--reuid=65532", "--regid=65532", "--clear-groups"]).arg(binary());
    }
    command.args(arguments);
    command
}

#[test]
fn a_volume_that_belongs_to_somebody_else_ends_the_start_with_its_name() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    place.write("volume/other", "");
    let mode = |mode: u32, path: &str| {
        std::fs::set_permissions(place.path(path), std::fs::Permissions::from_mode(mode)).unwrap()
    };
    mode(0o755, "");
    // Readable by all and writable by nobody, whoever runs this test.
    mode(0o555, "volume");
    let arguments = [
        "run",
        "--sandbox",
        "--source",
        "source",
        "--data",
        "volume/store",
        "--listen",
        "127.0.0.1:0",
        "--sandbox-listen",
        "127.0.0.1:0",
    ];
    let ended = finish(as_nobody(&place, &arguments)).expect(1);
    mode(0o755, "volume");
    assert!(ended.err.contains("the store in volume/store cannot be opened: Permission denied"), "{}", ended.err);
    assert!(ended.err.contains("must be on a writable volume and belong to this user"), "{}", ended.err);
    assert!(!place.path("volume/store").exists());
}

#[test]
fn a_store_can_be_taken_elsewhere_in_a_backup() {
    let place = Place::new();
    place.write("source/shop.yaml", MANIFESTS);
    let mut controller = Controller::start(&place, &["--sandbox", "--source", "source", "--data", "data"]);
    controller.ready(3);
    let uid = controller.list("services")[0]["metadata"]["uid"].clone();
    let busy = place.run(&["store", "backup", "backup", "--data", "data"]).expect(1);
    assert!(busy.err.contains("in use by another process"), "{}", busy.err);
    controller.process.signal("TERM");
    assert_eq!(controller.process.exit(), 0);
    let made = place.run(&["store", "backup", "backup", "--data", "data"]).expect(0);
    assert!(made.out.contains("1 clusters, 1 taskdefinitions, 1 services"), "{}", made.out);
    place.run(&["store", "check", "backup"]).expect(0);
    place.run(&["store", "restore", "backup", "--data", "elsewhere"]).expect(0);
    let controller = Controller::start(&place, &["--sandbox", "--source", "source", "--data", "elsewhere"]);
    assert_eq!(controller.list("services")[0]["metadata"]["uid"], uid);

    let mut bytes = std::fs::read(place.path("backup")).unwrap();
    bytes.truncate(bytes.len() / 2);
    std::fs::write(place.path("half"), bytes).unwrap();
    let refused = place.run(&["store", "restore", "half", "--data", "third"]).expect(1);
    assert!(
        refused.err.contains("the backup half is damaged") && refused.err.contains("take another one"),
        "{}",
        refused.err
    );
    assert!(!place.path("third").exists());
}
