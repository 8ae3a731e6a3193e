//! Clients that no library makes: bytes that are no request, bodies without end, watches whose client is half gone.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use evenkeel_tests::program::{Controller, until};
use serde_json::Value;

use crate::fixture::{Lab, service};

const SERVICES: &str = "/apis/evenkeel.dev/v1alpha1/namespaces/lab/services";

fn connect(controller: &Controller) -> TcpStream {
    let stream = TcpStream::connect(controller.url.trim_start_matches("http://")).unwrap();
    // Longer than the server waits for a body, which is 10 s.
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream
}

/// What the server says to these bytes until it closes, as status line and body.
fn said(controller: &Controller, bytes: &[u8]) -> (String, String) {
    let mut stream = connect(controller);
    // The server may have closed before all of it was sent.
    let _ = stream.write_all(bytes);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    let text = String::from_utf8_lossy(&answer).into_owned();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    (head.lines().next().unwrap_or_default().to_owned(), body.to_owned())
}

fn patch(length: usize, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "PATCH {SERVICES}/web HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-type: \
         application/merge-patch+json\r\ncontent-length: {length}\r\n\r\n"
    );
    [head.as_bytes(), body].concat()
}

#[test]
fn what_no_client_should_send_is_refused_and_others_notice_nothing() {
    let Lab { place, controller } = Lab::start();

    let (line, _) = said(&controller, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 this is TLS, or so\r\n\r\n");
    assert!(line.contains(" 400 "), "{line}");
    let many: String = (0..10_000).map(|number| format!("x-{number}: y\r\n")).collect();
    let (line, _) = said(&controller, format!("GET / HTTP/1.1\r\nhost: localhost\r\n{many}\r\n").as_bytes());
    assert!(line.contains(" 431 "), "{line}");

    let status = |answer: (String, String), code: u64| {
        let value: Value = serde_json::from_str(&answer.1).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
        assert_eq!((&value["kind"], value["code"].as_u64()), (&"Status".into(), Some(code)), "{answer:?}");
    };
    let huge = vec![b' '; 4 << 20];
    status(said(&controller, &patch(huge.len(), &huge)), 413);
    status(said(&controller, &patch(2, b"\xff\xfe")), 400);
    // Half a body, and then nothing.
    status(said(&controller, &patch(1_000, b"{\"metadata\":")), 408);

    // Watches whose client has said that it will say no more, does not read, or is gone.
    let watch = format!("GET {SERVICES}?watch=true HTTP/1.1\r\nhost: localhost\r\n\r\n");
    let mut kept = Vec::new();
    for number in 0..30 {
        let mut stream = connect(&controller);
        stream.write_all(watch.as_bytes()).unwrap();
        match number % 3 {
            0 => drop(stream.shutdown(Shutdown::Write)),
            1 => kept.push(stream),
            _ => drop(stream),
        }
    }
    let good = controller.watch();
    until("the watch that is read", || match good.versions("web").is_empty() {
        true => Err("nothing".into()),
        false => Ok(()),
    });
    place.write("source/web/service.yaml", &service("web", 6));
    until("the change", || {
        let newest = good.versions("web").last().cloned().unwrap_or_default();
        if newest["spec"]["scaling"]["maxCapacity"] == 6 { Ok(()) } else { Err(newest.to_string()) }
    });
    assert_eq!(controller.get("/readyz").0, 200);
    drop(kept);
}
