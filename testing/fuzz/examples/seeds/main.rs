//! Writes the files `seed-*` of the corpus anew, from recorded events, the cases of the conformance
//! test, and the project's own encoders. Files of other names stay.

mod log_formats;
mod logs;
mod routing;

use std::fs;
use std::path::Path;

use zeekwire_conformance::{cases, marks, payload};
use zeekwire_core::wire::{
    Control, ControlWriter, EnvelopeTemplate, FrameHeader, Goodbye, Hello, Preamble, Reason,
};
use zeekwire_serializer::by_name;
use zeekwire_types::{Event, Incarnation, NodeId, NodeName, Role, TopicFilter, TrafficClass};

/// Longer events teach a fuzzer nothing that shorter ones do not.
const EVENT_BYTES_MAX: usize = 1200;

fn main() {
    events();
    controls();
    envelopes();
    streams();
    scripts();
    routing::streams();
    routing::meshes();
    texts();
    log_formats::batches();
    logs::files();
}

fn write(target: &str, name: &str, bytes: &[u8]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target);
    fs::create_dir_all(&folder).expect("the corpus can be written");
    fs::write(folder.join(format!("seed-{name}")), bytes).expect("the corpus can be written");
}

fn events() {
    let recorded = include_str!("../../../../crates/serializer/tests/vectors/events.json");
    let recorded: serde_json::Value = serde_json::from_str(recorded).expect("it is JSON");
    for vector in recorded["vectors"].as_array().expect("an array of vectors") {
        let text = |key: &str| vector[key].as_str().expect("a vector's text");
        let words = text("publish").split(|c: char| !c.is_ascii_alphanumeric());
        let words: Vec<_> = words.filter(|word| !word.is_empty()).take(4).collect();
        let name = format!("recorded-{}", words.join("-"));
        let digits = text("broker-bin-v1").as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(std::str::from_utf8(pair).ok()?, 16).ok();
        let bin: Option<Vec<u8>> = digits.map(byte).collect();
        let latin1 = text("broker-json-v1").chars();
        let json: Option<Vec<u8>> = latin1.map(|c| u8::try_from(u32::from(c)).ok()).collect();
        let (bin, json) = (bin.expect("hexadecimal"), json.expect("bytes as Latin-1"));
        if bin.len() <= EVENT_BYTES_MAX {
            write("broker_bin", &name, &bin);
        }
        if json.len() <= EVENT_BYTES_MAX {
            write("broker_json", &name, &json);
        }
    }
    for (name, case) in cases::written() {
        conformance_case(&name, &case.event);
        if marks::without(&case.description) != case.description {
            let marked = payload::encode(&case).expect("capnp-v1 carries it");
            write("capnp_event", &format!("{name}-marked"), &marked);
        }
    }
}

fn conformance_case(name: &str, event: &Event) {
    let formats = [
        ("capnp-v1", "capnp_event"),
        ("broker-bin-v1", "broker_bin"),
        ("broker-json-v1", "broker_json"),
    ];
    for (format, target) in formats {
        let mut bytes = Vec::new();
        let encoded = by_name(format)
            .expect("it is built in")
            .encode(event, &mut bytes);
        // The Broker formats do not carry everything, and have recorded events of most types.
        let wanted = target == "capnp_event" || name.contains("nest") || name.contains("meta");
        if encoded.is_ok() && wanted && bytes.len() <= EVENT_BYTES_MAX {
            write(target, name, &bytes);
        }
    }
}

fn id(name: &str) -> NodeId {
    let incarnation = Incarnation {
        started_us: 1_700_000_000_000_000,
        random: 7,
    };
    NodeId {
        name: NodeName::new(name).expect("a good name"),
        incarnation,
    }
}

fn filters(texts: &[&str]) -> Vec<TopicFilter> {
    texts
        .iter()
        .map(|text| TopicFilter::new(text).expect("a good filter"))
        .collect()
}

fn controls_by_name() -> Vec<(&'static str, Control)> {
    let goodbye = || Goodbye {
        reason: Reason::Shutdown,
        text: "the node ends".to_owned(),
    };
    let token = 5;
    let wanted = || filters(&["zeek/*", "*/all", "a\\*b", "exact"]);
    vec![
        (
            "hello",
            Control::Hello(Hello {
                node: id("worker-1"),
                role: Role::Client,
                features: 3,
                heartbeat_ms: 1000,
                message_bytes_max: 1 << 26,
                credit_limits: [0, 1 << 20, 1 << 21, 1 << 17],
                program: "zeekwire".to_owned(),
            }),
        ),
        ("accept", Control::Accept),
        ("refuse", Control::Refuse(goodbye())),
        ("close", Control::Close(goodbye())),
        ("heartbeat", Control::Heartbeat),
        (
            "subscribe",
            Control::Subscribe {
                token,
                filters: wanted(),
                snapshot_end: true,
            },
        ),
        (
            "unsubscribe",
            Control::Unsubscribe {
                token,
                filters: wanted(),
            },
        ),
        ("done", Control::Done(token)),
        (
            "credit",
            Control::Credit {
                class: TrafficClass::Event,
                limit: 1 << 22,
            },
        ),
    ]
}

/// A control message as a frame, header and all.
fn control_frame(control: &Control) -> Vec<u8> {
    let mut frame = Vec::new();
    ControlWriter::write(control, &mut frame);
    frame
}

fn controls() {
    for (name, control) in controls_by_name().into_iter().chain(routing::controls()) {
        let frame = control_frame(&control);
        write(
            "control",
            name,
            &frame[zeekwire_types::limits::FRAME_HEADER_BYTES..],
        );
        // What is in a control message makes no difference to the frame.
        if frame.len() <= 160 {
            write("frames", name, &frame);
        }
    }
    write("preamble", "ours", &Preamble::OURS.encode());
    write(
        "preamble",
        "newer",
        &Preamble {
            version_min: 2,
            version_max: 9,
        }
        .encode(),
    );
    write("preamble", "empty-range", b"ZEEKWIRE\x02\0\x01\0\0\0\0\0");
    write("preamble", "http", b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    write(
        "preamble",
        "http-connect",
        b"CONNECT a.example:443 HTTP/1.1\r\n",
    );
    write(
        "preamble",
        "tls",
        b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03",
    );
    write("preamble", "broker", b"\0\0\0\x17\x06ZEEK\0\0\0\0");
    write("preamble", "zeromq", b"\xff\0\0\0\0\0\0\0\x01\x7f\x03\0");
    write(
        "preamble",
        "nats",
        b"CONNECT {\"verbose\":false}\r\nPING\r\n",
    );
    write("preamble", "ssh", b"SSH-2.0-OpenSSH_9.2\r\n");
}

fn template(topic: &[u8], sequence: u64) -> Vec<u8> {
    let mut bytes = EnvelopeTemplate::new(&id("peer"), topic, "capnp-v1")
        .bytes()
        .to_vec();
    EnvelopeTemplate::set_sequence(&mut bytes, sequence);
    bytes
}

fn envelopes() {
    let sequence = [24, 0, 1, 31, 0, 0x80, 27, 0, 0xff];
    for (name, topic) in [
        ("short", &b"t"[..]),
        ("usual", b"zeek/cluster/worker"),
        ("raw", b"\xff"),
    ] {
        let envelope = template(topic, 3);
        write(
            "envelope",
            name,
            &[&length(&envelope)[..], &envelope, &sequence].concat(),
        );
    }
    let long = template(&[b'x'; 512], 3);
    write(
        "envelope",
        "longest-topic",
        &[&length(&long)[..], &long, &sequence].concat(),
    );
    // The topic lies where an ordinary builder has the sequence.
    let mut inside = template(b"t", 3);
    let there = (u64::from(u32::MAX) - 2) & 0x3fff_ffff;
    let pointer = there << 2 | 1 | 2 << 32 | 8 << 35;
    inside[40..48].copy_from_slice(&pointer.to_le_bytes());
    write(
        "envelope",
        "topic-in-sequence",
        &[&length(&inside)[..], &inside, &sequence].concat(),
    );
}

fn length(bytes: &[u8]) -> [u8; 2] {
    u16::try_from(bytes.len())
        .expect("a short run")
        .to_le_bytes()
}

fn frame(fragment: bool, envelope: &[u8], payload: &[u8]) -> Vec<u8> {
    let class = TrafficClass::Event;
    let (envelope_bytes, payload_bytes) = (envelope.len(), payload.len());
    let header = FrameHeader {
        class,
        fragment,
        hop_limit: 1,
        envelope_bytes,
        payload_bytes,
        tree: 0,
    };
    let mut bytes = [&header.encode()[..], envelope, payload].concat();
    bytes.resize(header.frame_bytes(), 0);
    bytes
}

fn streams() {
    let message = |topic: &[u8], sequence| frame(false, &template(topic, sequence), b"payload");
    let whole = message(b"zeek/long", 9);
    let pieces: Vec<u8> = whole
        .chunks(48)
        .flat_map(|piece| frame(true, b"", piece))
        .collect();
    write("frames", "message", &message(b"zeek/a", 1));
    write("frames", "fragments", &pieces);
    let mut neither = message(b"zeek/a", 1);
    neither[1] = 1;
    write("frames", "fragment-with-envelope", &neither);
    let said: Vec<_> = controls_by_name();
    let say = |wanted: &str| {
        let found = said.iter().find(|(name, _)| *name == wanted);
        control_frame(&found.expect("a message of that name").1)
    };
    let greeting = [&Preamble::OURS.encode()[..], &say("hello")].concat();
    let messages = [
        message(b"zeek/a", 1),
        message(b"zeek/a", 2),
        message(b"t", 3),
    ]
    .concat();
    let talk = [
        say("subscribe"),
        messages.clone(),
        say("credit"),
        pieces.clone(),
        say("unsubscribe"),
        say("close"),
    ]
    .concat();
    write("node_stream", "talk", &[&[0, 0][..], &talk].concat());
    write(
        "node_stream",
        "talk-dialled",
        &[&[1, 0][..], &talk].concat(),
    );
    let bytewise = [&[0, 64][..], &[0; 64], &talk].concat();
    write("node_stream", "talk-bytewise", &bytewise);
    let listening = [&[8, 3, 5, 20, 40][..], &greeting, &talk].concat();
    write("node_stream", "from-the-start", &listening);
    let dialled = [&[9, 0][..], &greeting, &say("accept"), &talk].concat();
    write("node_stream", "from-the-start-dialled", &dialled);
    let refused = [&[9, 0][..], &greeting, &say("refuse")].concat();
    write("node_stream", "refused", &refused);
    write("node_stream", "stranger", b"\x08\0GET / HTTP/1.1\r\n\r\n");
    // Class, kind and run of each fragment.
    let start = [2, 0x22, 24].into_iter().chain([0; 24]).chain([64, 0]);
    let more = [2, 0, 40].into_iter().chain([7; 40]);
    let other = [1, 0x02, 0, 0, 1]
        .into_iter()
        .chain([1, 3, 32])
        .chain([9; 32])
        .chain([8]);
    let all: Vec<u8> = start.chain(more.clone()).chain(other).chain(more).collect();
    write("fragments", "two-classes", &all);
    write(
        "fragments",
        "not-a-start",
        &[1, 0, 16, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 2, 3, 4, 5, 6],
    );
}

fn scripts() {
    // Steps: 6 the peer's filters, 3 a message, 4 fragments, 7 credit, 9 time, 10 publish, 11
    // write, 13 own filters, 14 close, 15 drain.
    let subscribe = [&[6, 0x11, 9][..], b"zeek/*\nt*"].concat();
    let hear = |topic: u8, sequence: u8| vec![3, 1, 0x10, topic, sequence, 3, 1, 2, 3];
    // What is left of the kind by 3: 0 subscribes, 1 unsubscribes, 2 forgets the subscriber.
    let own = |kind: u8| [&[13, kind, 8][..], b"zeek/*\n*"].concat();
    let publish = |len: u16| {
        let [low, high] = len.to_le_bytes();
        vec![10, 1, 0, low, high, 100, 0]
    };
    let credit = vec![7, 0xff, 0xff, 8, 2];
    let time = vec![9, 0xe8, 3];
    let fragments = vec![4, 1, 0x10, 1, 9, 0, 0x10, 0xff, 1];
    let late = |flags: u8, steps: &[&[u8]]| [&[flags][..], &steps.concat()].concat();
    let all = [
        &subscribe[..],
        &hear(0, 1),
        &hear(1, 2),
        &own(0x12),
        &hear(1, 3),
        &hear(1, 3),
        &own(0x10),
        &hear(1, 4),
        &own(0x12),
        &[13, 0x11, 0],
        &hear(1, 5),
        &publish(200),
        &[11, 50, 0],
        &time,
        &[15],
        &fragments,
        &[14, 15],
    ];
    write("node_script", "life", &late(0, &all));
    write("node_script", "life-dialled", &late(1, &all));
    let full = [
        &subscribe[..],
        &publish(60_000),
        &publish(60_000),
        &publish(9000),
        &credit,
        &[15],
    ];
    for (flags, name) in [
        (0, "block"),
        (2, "drop-oldest"),
        (4, "drop-newest"),
        (6, "disconnect"),
    ] {
        write("node_script", &format!("full-{name}"), &late(flags, &full));
    }
    let hello = control_frame(&controls_by_name()[0].1);
    let hello = [&[1][..], &length(&hello[16..]), &hello[16..]].concat();
    let start = [&[0, 16][..], &Preamble::OURS.encode(), &hello];
    write(
        "node_script",
        "late-consent",
        &late(24, &[&start.concat(), &[15, 12, 1, 15]]),
    );
    write(
        "node_script",
        "late-refusal",
        &late(24, &[&start.concat(), &[15, 12, 0, 15]]),
    );
    let silence = [9, 0xff, 0xff, 15];
    write("node_script", "silence", &late(0, &[&silence]));
}

fn texts() {
    let commands =
        b"+1zeek/*\n+2*/all\n+3zeek/a/all\n+1*\n+4a*b*c\n+5.node.x\n+6a\\*b\nzeek/a/all\n\
        abc\n.node.x\na*b\n-1*\nx2\nzeek/a/all\nabc";
    write("filters", "commands", commands);
    let mut many = Vec::new();
    for number in 0..60_u8 {
        let star = if number % 7 == 0 { "*" } else { "" };
        many.extend(format!("+{}zeek/{}{star}/x*\n", number % 10, number / 3).bytes());
    }
    many.extend(b"zeek/3/xyz\nzeek/11/x\nx1\nx2\nzeek/3/xyz\n");
    write("filters", "many", &many);
    write(
        "filters",
        "overlapping",
        b"+1aa*a*aa\n+2*aaa*\n+3a*a*a*a\n+4*a\naaaa\naaaaa\nbaaa\n",
    );
    for (name, text) in [
        ("plain", &b"zeek/cluster\nzeek/cluster"[..]),
        ("prefix", b"zeek/*\nzeek/cluster"),
        ("stars", b"*a**b*c*\nxaxbxcx"),
        ("escapes", b"a\\*b\\\\c*\na*b\\cd"),
        ("reserved", b"*\n.node.worker-1"),
        ("bad-escape", b"a\\b\n"),
        ("nine-stars", b"*a*a*a*a*a*a*a*a*\naaaaaaaaaaaaa"),
    ] {
        write("topics", name, text);
    }
    for (name, text) in [
        ("tcp", "tcp://127.0.0.1:4000"),
        ("ipv6", "tcp://[fe80::1%eth0]:4000"),
        ("name", "tcp://manager.example.org:80"),
        ("any", "tcp://*:0"),
        ("ipc", "ipc:///run/zeek/node.sock"),
        ("inproc", "inproc://a"),
        ("bad-port", "tcp://a:65536"),
        ("short-ipv4", "tcp://127.1:1"),
    ] {
        write("endpoint", name, text.as_bytes());
    }
    for (name, text) in [
        ("numbers", "[T, 42, -1, 1.5e9, 5sec, 1.5 min]"),
        (
            "net",
            "[80/tcp, 10.0.0.1, [::1], 10.0.0.0/8, [2001:db8::]/32]",
        ),
        ("string", "\"a\\\"\\\\\\n\\xff\""),
        ("pattern", "/foo|bar/"),
        ("record", "[a=1, b=[c=Notice::Tally], d=\"x\"]"),
        ("set", "{1, 2, [3, 4]}"),
        ("table", "{[a, 80/tcp] = 1, [b, 1/udp] = {}}"),
        ("typed", "table:{any:count:5 = list:[string:a b, unset:]}"),
        (
            "nested",
            "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]",
        ),
        (
            "time",
            "[time:1700000000.5, interval:3, subnet:1.2.3.0/24, enum:A::B, port:1/icmp]",
        ),
        ("dollar", "[$a=1, $b=T]"),
        ("word", "hello"),
        ("other-letters", "caf\u{e9}"),
    ] {
        write("value_text", name, text.as_bytes());
    }
}
