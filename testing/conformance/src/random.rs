//! Events at random, from a seed: what nobody thought of when writing `cases.json`.

use std::net::IpAddr;

use zeekwire_types::value::{Function, Opaque, Pattern, Port, PortProtocol, Record, Subnet, Value};
use zeekwire_types::{Event, Metadata};

/// Deepest nesting of the values that are made.
const DEPTH_MAX: usize = 5;

/// A source of events. Equal seeds give equal events.
#[derive(Debug)]
pub struct Source {
    state: u64,
}

impl Source {
    /// A source that starts from `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next event.
    pub fn event(&mut self) -> Event {
        let args = self.values(DEPTH_MAX);
        let metadata = (0..self.below(3))
            .map(|id| Metadata {
                id,
                value: self.value(1),
            })
            .collect();
        Event {
            name: self.name(),
            args,
            metadata,
        }
    }

    /// The next 64 bits, by the splitmix64 generator.
    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut x = self.state;
        x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        x ^ (x >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound
    }

    /// A number of any length in bits, so that small ones are not rare.
    fn number(&mut self) -> u64 {
        let bits = self.below(64);
        self.next() >> bits
    }

    fn bytes(&mut self) -> Vec<u8> {
        (0..self.below(12))
            .map(|_| self.next().to_le_bytes()[0])
            .collect()
    }

    fn name(&mut self) -> String {
        const PARTS: [&str; 6] = ["Conn", "::", "id", "größe", "事件", "_x"];
        (0..=self.below(3))
            .map(|_| PARTS[usize::from(self.next().to_le_bytes()[0]) % PARTS.len()])
            .collect()
    }

    fn address(&mut self) -> IpAddr {
        let bits = u128::from(self.next()) << 64 | u128::from(self.next());
        let [a, b, c, d, ..] = bits.to_be_bytes();
        match self.below(2) {
            0 => IpAddr::from([a, b, c, d]),
            _ => IpAddr::from(bits.to_be_bytes()),
        }
        .to_canonical()
    }

    fn subnet(&mut self) -> Subnet {
        let address = self.address();
        let bits = if address.is_ipv4() { 33 } else { 129 };
        let length = u8::try_from(self.below(bits)).expect("at most 128");
        Subnet::new(address, length).expect("the length fits the family")
    }

    fn values(&mut self, depth: usize) -> Vec<Value> {
        (0..self.below(5)).map(|_| self.value(depth)).collect()
    }

    /// Elements of a set or keys of a table: none twice.
    fn distinct(&mut self, depth: usize) -> Vec<Value> {
        let mut found: Vec<Value> = Vec::new();
        for value in self.values(depth) {
            if !found.contains(&value) {
                found.push(value);
            }
        }
        found
    }

    fn value(&mut self, depth: usize) -> Value {
        let kinds = if depth == 0 { 13 } else { 21 };
        match self.below(kinds) {
            0 => Value::Unset,
            1 => Value::Bool(self.below(2) == 1),
            2 => Value::Count(self.number()),
            3 => Value::Int(self.number().cast_signed()),
            4 => Value::Double(f64::from_bits(self.next())),
            5 => Value::Time(f64::from_bits(self.number())),
            6 => Value::Interval(f64::from_bits(self.next())),
            7 => Value::String(self.bytes()),
            8 => Value::Pattern(Pattern {
                exact: self.bytes(),
                anywhere: self.bytes(),
            }),
            9 => Value::Enum(self.name()),
            10 => {
                let number = self.next().to_le_bytes();
                let protocol = PortProtocol::from_number(number[2] % 4).expect("0 to 3 exist");
                Value::Port(Port::new(
                    u16::from_le_bytes([number[0], number[1]]),
                    protocol,
                ))
            }
            11 => Value::Addr(self.address()),
            12 => Value::Subnet(self.subnet()),
            _ => self.container(depth - 1),
        }
    }

    fn container(&mut self, depth: usize) -> Value {
        match self.below(8) {
            0 => Value::Set(self.distinct(depth)),
            1 => {
                let keys = self.distinct(depth);
                Value::Table(
                    keys.into_iter()
                        .map(|key| (key, self.value(depth)))
                        .collect(),
                )
            }
            2 => {
                let fields = self.values(depth);
                let named = self.below(2) == 1;
                let names = fields
                    .iter()
                    .filter(|_| named)
                    .map(|_| self.name())
                    .collect();
                Value::Record(Record { fields, names })
            }
            3 => Value::Vector(self.values(depth)),
            4 => Value::List(self.values(depth)),
            5 => {
                let closure = self.below(2) == 1;
                let captures = closure.then(|| self.values(depth));
                Value::Function(Function {
                    name: self.name(),
                    captures,
                })
            }
            6 => {
                let data = Box::new(self.value(depth));
                Value::Opaque(Opaque {
                    type_id: self.name(),
                    data,
                })
            }
            _ => Value::Any(Box::new(self.value(depth))),
        }
    }
}
