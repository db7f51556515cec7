//! Dialing with look-ups that the tests answer, and over sockets that the tests own.

use std::net::TcpListener;

use crate::{Inproc, Poller, Resolver};

use super::*;

type LookUp = fn(&str, u16) -> io::Result<Vec<SocketAddr>>;

struct Dial {
    poller: Poller,
    network: Network,
}

impl Dial {
    fn new(look_up: LookUp) -> Self {
        let poller = Poller::new().unwrap();
        let mut network = Network::new(&poller, Inproc::new(), SocketOptions::default());
        network.resolver = Resolver::with(poller.wake_handle(), look_up);
        Self { poller, network }
    }

    /// Drives a dialer to its end.
    fn run(&mut self, endpoint: &str) -> Result<Stream, ConnectError> {
        let mut dialer = self
            .network
            .dial(&endpoint.parse().unwrap(), Key::new(1, 1));
        loop {
            match dialer.step() {
                Step::Waiting { .. } => {
                    self.poller.poll(None, &mut Vec::new()).unwrap();
                }
                Step::Connected(stream) => return Ok(stream),
                Step::Failed(error) => return Err(error),
            }
        }
    }
}

/// A port of the loopback at which nobody listens, and nobody else will for a while.
fn closed_port() -> (Socket, u16) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    socket.bind(&any.into()).unwrap();
    let port = socket.local_addr().unwrap().as_socket().unwrap().port();
    (socket, port)
}

#[test]
fn refused_connection_says_so() {
    let (_bound, port) = closed_port();
    let mut dial = Dial::new(|_, _| unreachable!("an address needs no look-up"));
    let error = dial.run(&format!("tcp://127.0.0.1:{port}")).unwrap_err();
    let expected = format!("connect to tcp://127.0.0.1:{port} failed: connection refused");
    assert_eq!(error.to_string(), expected);
    assert!(!error.is_permanent());
}

#[test]
fn each_address_of_a_name_is_tried() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // Nobody listens at the first.
    let mut dial = Dial::new(|_, port| {
        Ok(vec![
            ([127, 0, 0, 2], port).into(),
            ([127, 0, 0, 1], port).into(),
        ])
    });
    let stream = dial.run(&format!("tcp://manager:{port}")).unwrap();
    assert_eq!(stream.peer().to_string(), format!("tcp://127.0.0.1:{port}"));
}

#[test]
fn last_address_of_a_name_is_in_the_error() {
    let (_bound, port) = closed_port();
    let mut dial = Dial::new(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
    let error = dial.run(&format!("tcp://manager:{port}")).unwrap_err();
    let expected =
        format!("connect to tcp://manager:{port} failed at 127.0.0.1:{port}: connection refused");
    assert_eq!(error.to_string(), expected);
}

#[test]
fn unknown_name_says_so() {
    let mut dial = Dial::new(|_, _| Err(io::Error::other("Name or service not known")));
    let error = dial.run("tcp://nowhere:1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "connect to tcp://nowhere:1 failed: the name could not be looked up: Name or service not \
         known"
    );
    let mut dial = Dial::new(|_, _| Ok(Vec::new()));
    let error = dial.run("tcp://nowhere:1").unwrap_err();
    assert_eq!(
        error.to_string(),
        "connect to tcp://nowhere:1 failed: the name has no address"
    );
}

#[test]
fn endpoints_for_listening_are_refused_for_good() {
    let mut dial = Dial::new(|_, _| unreachable!("nothing to look up"));
    for endpoint in ["tcp://*:4000", "tcp://127.0.0.1:0"] {
        let error = dial.run(endpoint).unwrap_err();
        assert!(error.is_permanent(), "{error}");
        assert!(error.to_string().contains("for listening only"), "{error}");
    }
}

#[test]
fn timer_moves_to_the_next_address_and_then_fails() {
    // A listener whose backlog is full answers nobody: packets to it are dropped.
    let full = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    full.bind(&any.into()).unwrap();
    full.listen(0).unwrap();
    let address = full.local_addr().unwrap().as_socket().unwrap();
    let fillers: Vec<_> = (0..4)
        .map(|_| open_tcp(address, &SocketOptions::default()).unwrap())
        .collect();

    let dial = Dial::new(|_, _| unreachable!("an address needs no look-up"));
    let endpoint = format!("tcp://127.0.0.1:{}", address.port())
        .parse()
        .unwrap();
    let mut dialer = dial.network.dial(&endpoint, Key::new(1, 1));
    // A second address, which leads to the same listener.
    dialer.addresses.push_back(address);
    assert!(matches!(dialer.step(), Step::Waiting { attempt: 1 }));
    assert!(matches!(dialer.step(), Step::Waiting { attempt: 1 }));
    assert!(matches!(dialer.time_out(), Step::Waiting { attempt: 2 }));
    let Step::Failed(error) = dialer.time_out() else {
        panic!("there is no third address")
    };
    assert_eq!(
        error.to_string(),
        format!("connect to {endpoint} failed: timed out")
    );
    assert!(
        matches!(dialer.step(), Step::Waiting { .. }),
        "an ended dialer only waits"
    );
    drop(fillers);
}

#[test]
fn timer_ends_a_silent_look_up() {
    let dial = Dial::new(|_, _| {
        // Longer than the test looks.
        std::thread::park_timeout(std::time::Duration::from_secs(5));
        Ok(Vec::new())
    });
    let mut dialer = dial
        .network
        .dial(&"tcp://nowhere:1".parse().unwrap(), Key::new(1, 1));
    assert!(matches!(dialer.step(), Step::Waiting { attempt: 0 }));
    let Step::Failed(error) = dialer.time_out() else {
        panic!("no address is known")
    };
    assert!(
        error.to_string().ends_with("looked up: no answer in time"),
        "{error}"
    );
}

#[test]
fn connection_to_itself_is_refused() {
    let (socket, port) = closed_port();
    let address: SocketAddr = ([127, 0, 0, 1], port).into();
    // Blocks until TCP has joined the socket with itself.
    socket.connect(&address.into()).unwrap();
    let mut stream = Stream::connecting_tcp(socket, address.into());
    let reason = stream.finish_connect().unwrap_err();
    assert!(matches!(reason, ConnectReason::SelfConnected), "{reason}");
}

#[test]
fn missing_ipc_file_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("none");
    let mut dial = Dial::new(|_, _| unreachable!("a path needs no look-up"));
    let error = dial.run(&format!("ipc://{}", path.display())).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("failed: no such file; is the node running?"),
        "{error}"
    );
}
