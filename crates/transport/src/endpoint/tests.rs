//! Endpoints: what is taken, what is refused, and how either reads.

use proptest::prelude::*;

use super::*;

fn tcp(host: &str, port: u16) -> Endpoint {
    Endpoint::Tcp {
        host: host.into(),
        port,
    }
}

#[test]
fn endpoints_survive_the_way_through_text() {
    for (text, endpoint) in [
        ("tcp://127.0.0.1:4000", tcp("127.0.0.1", 4000)),
        ("tcp://[::1]:4000", tcp("::1", 4000)),
        ("tcp://[fe80::1%eth0]:1", tcp("fe80::1%eth0", 1)),
        ("tcp://*:0", tcp("*", 0)),
        (
            "tcp://manager.example.org:65535",
            tcp("manager.example.org", 65535),
        ),
        ("tcp://node_1:80", tcp("node_1", 80)),
        (
            "ipc:///run/zeek/a b.sock",
            Endpoint::Ipc("/run/zeek/a b.sock".into()),
        ),
        ("ipc://run/node.sock", Endpoint::Ipc("run/node.sock".into())),
        ("inproc://node-1", Endpoint::Inproc("node-1".into())),
    ] {
        assert_eq!(text.parse(), Ok(endpoint.clone()), "of {text}");
        assert_eq!(endpoint.to_string(), text);
    }
}

#[test]
fn every_refusal_names_its_reason() {
    use EndpointError as E;

    let text = |s: &str| s.to_owned();
    for (endpoint, error) in [
        ("", E::NoScheme(text(""))),
        ("127.0.0.1:4000", E::NoScheme(text("127.0.0.1:4000"))),
        ("TCP://a:1", E::UnknownScheme(text("TCP"))),
        ("udp://a:1", E::UnknownScheme(text("udp"))),
        ("tcp://", E::NoHost),
        ("tcp://:4000", E::NoHost),
        ("tcp://a", E::NoPort(text("a"))),
        ("tcp://a:", E::NoPort(text("a"))),
        ("tcp://[::1]", E::NoPort(text("[::1]"))),
        ("tcp://[::1]:", E::NoPort(text("[::1]"))),
        ("tcp://a:+1", E::BadPort(text("+1"))),
        ("tcp://a:65536", E::BadPort(text("65536"))),
        ("tcp://a:1/", E::BadPort(text("1/"))),
        ("tcp://::1:4000", E::UnbracketedIpv6(text("::1:4000"))),
        ("tcp://[::1:4000", E::BadBrackets(text("[::1:4000"))),
        ("tcp://[::1]4000", E::BadBrackets(text("[::1]4000"))),
        ("tcp://[127.0.0.1]:1", E::BadIpv6(text("127.0.0.1"))),
        ("tcp://[fe80::1%]:1", E::BadIpv6(text("fe80::1%"))),
        ("tcp://256.0.0.1:1", E::BadIpv4(text("256.0.0.1"))),
        ("tcp://127.1:1", E::BadIpv4(text("127.1"))),
        ("tcp://0x7f000001:1", E::BadIpv4(text("0x7f000001"))),
        ("tcp://a b:1", E::BadHost(text("a b"))),
        ("tcp://a..b:1", E::BadHost(text("a..b"))),
        ("tcp://ü:1", E::BadHost(text("ü"))),
        ("ipc://", E::NoPath),
        ("ipc://@node", E::AbstractPath(text("@node"))),
        ("ipc://a\0b", E::PathHoldsZero),
        ("inproc://", E::NoId),
        ("inproc://a b", E::BadId(' ')),
    ] {
        let found = endpoint.parse::<Endpoint>().expect_err(endpoint);
        assert_eq!(found, error, "of {endpoint:?}");
        assert!(found.to_string().len() > 20, "too terse: {found}");
    }
}

#[test]
fn lengths_are_checked_at_their_edges() {
    let ipc = |bytes: usize| format!("ipc://{}", "a".repeat(bytes)).parse::<Endpoint>();
    assert!(ipc(IPC_PATH_BYTES_MAX).is_ok());
    let long = IPC_PATH_BYTES_MAX + 1;
    assert_eq!(ipc(long), Err(EndpointError::PathTooLong(long)));

    let inproc = |bytes: usize| format!("inproc://{}", "a".repeat(bytes)).parse::<Endpoint>();
    assert!(inproc(INPROC_ID_BYTES_MAX).is_ok());
    assert_eq!(inproc(256), Err(EndpointError::IdTooLong(256)));

    let label = |bytes: usize| format!("tcp://{}.org:1", "a".repeat(bytes)).parse::<Endpoint>();
    assert!(label(63).is_ok());
    assert!(label(64).is_err());
}

#[test]
fn only_this_machine_is_local() {
    for local in [
        "tcp://127.0.0.1:1",
        "tcp://127.9.9.9:1",
        "tcp://[::1]:1",
        "tcp://[::ffff:127.0.0.1]:1",
        "tcp://localhost:1",
        "tcp://LocalHost.:1",
        "tcp://a.localhost:1",
        "ipc://a",
        "inproc://a",
    ] {
        assert!(local.parse::<Endpoint>().unwrap().is_local(), "{local}");
    }
    for remote in [
        "tcp://*:1",
        "tcp://0.0.0.0:1",
        "tcp://[::]:1",
        "tcp://10.0.0.1:1",
        "tcp://[::ffff:10.0.0.1]:1",
        "tcp://localhost.example.org:1",
        "tcp://notlocalhost:1",
    ] {
        assert!(!remote.parse::<Endpoint>().unwrap().is_local(), "{remote}");
    }
}

#[test]
fn mapped_addresses_become_ipv4() {
    let mapped: SocketAddr = "[::ffff:10.1.2.3]:4".parse().unwrap();
    assert_eq!(Endpoint::from(mapped).to_string(), "tcp://10.1.2.3:4");
}

proptest! {
    #[test]
    fn what_parses_prints_and_parses_again(
        text in "(tcp|ipc|inproc)://[a-z0-9.:*%@_\\[\\]/-]{0,24}",
    ) {
        if let Ok(endpoint) = text.parse::<Endpoint>() {
            prop_assert_eq!(endpoint.to_string().parse::<Endpoint>(), Ok(endpoint));
        }
    }

    #[test]
    fn no_text_panics(text in ".{0,64}") {
        let _ = text.parse::<Endpoint>();
        let _ = format!("tcp://{text}").parse::<Endpoint>();
    }
}
