//! When two values are the same: equality, hashes, and the search for duplicates.
//!
//! Values of different types are never equal. Sets and tables are equal whatever their order.
//! Doubles are equal when their bits are, or when both are not numbers; so 0.0 and -0.0 differ,
//! and equality is an equivalence.
//!
//! The hash of a set is a sum over its elements, so it is keyed per process: nobody can construct
//! many sets that collide. Each level of nesting is hashed once per level around it, and elements
//! are compared only where hashes agree, which bounds the work for values from untrusted bytes.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, Hasher, RandomState};
use std::mem::discriminant;
use std::sync::LazyLock;

use super::{Function, Opaque, Record, Value};

/// Up to this many elements without elements of their own are compared pairwise.
const PAIRWISE_COUNT_MAX: usize = 8;

static ELEMENT_HASHER: LazyLock<RandomState> = LazyLock::new(RandomState::new);

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Unset, Self::Unset) => true,
            (Self::Bool(a), Self::Bool(b)) => a == b,
            (Self::Count(a), Self::Count(b)) => a == b,
            (Self::Int(a), Self::Int(b)) => a == b,
            (Self::Double(a), Self::Double(b))
            | (Self::Time(a), Self::Time(b))
            | (Self::Interval(a), Self::Interval(b)) => double_bits(*a) == double_bits(*b),
            (Self::String(a), Self::String(b)) => a == b,
            (Self::Pattern(a), Self::Pattern(b)) => a == b,
            (Self::Enum(a), Self::Enum(b)) => a == b,
            (Self::Port(a), Self::Port(b)) => a == b,
            (Self::Addr(a), Self::Addr(b)) => a.to_canonical() == b.to_canonical(),
            (Self::Subnet(a), Self::Subnet(b)) => a == b,
            (Self::Set(a), Self::Set(b)) => same_elements(a, b, |element| !element.is_nested()),
            (Self::Table(a), Self::Table(b)) => {
                same_elements(a, b, |(key, value)| !key.is_nested() && !value.is_nested())
            }
            (Self::Record(a), Self::Record(b)) => a == b,
            (Self::Vector(a), Self::Vector(b)) | (Self::List(a), Self::List(b)) => a == b,
            (Self::Function(a), Self::Function(b)) => a == b,
            (Self::Opaque(a), Self::Opaque(b)) => a == b,
            (Self::Any(a), Self::Any(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Hash for Value {
    fn hash<H: Hasher>(&self, state: &mut H) {
        discriminant(self).hash(state);
        match self {
            Self::Unset => {}
            Self::Bool(x) => x.hash(state),
            Self::Count(x) => x.hash(state),
            Self::Int(x) => x.hash(state),
            Self::Double(x) | Self::Time(x) | Self::Interval(x) => double_bits(*x).hash(state),
            Self::String(x) => x.hash(state),
            Self::Pattern(x) => x.hash(state),
            Self::Enum(x) => x.hash(state),
            Self::Port(x) => x.hash(state),
            Self::Addr(x) => x.to_canonical().hash(state),
            Self::Subnet(x) => x.hash(state),
            Self::Set(x) => hash_elements(x, state),
            Self::Table(x) => hash_elements(x, state),
            Self::Record(Record { fields, names }) => (fields, names).hash(state),
            Self::Vector(x) | Self::List(x) => x.hash(state),
            Self::Function(Function { name, captures }) => (name, captures).hash(state),
            Self::Opaque(Opaque { type_id, data }) => (type_id, data).hash(state),
            Self::Any(x) => x.hash(state),
        }
    }
}

impl Value {
    /// Whether other values are inside this one.
    const fn is_nested(&self) -> bool {
        matches!(
            self,
            Self::Set(_)
                | Self::Table(_)
                | Self::Record(_)
                | Self::Vector(_)
                | Self::List(_)
                | Self::Function(_)
                | Self::Opaque(_)
                | Self::Any(_)
        )
    }
}

/// The place of the first value that equals one before it.
///
/// ```
/// use zeekwire_types::value::{Value, first_duplicate};
///
/// let values = [Value::Count(1), Value::Int(1), Value::Count(1)];
/// assert_eq!(first_duplicate(&values), Some(2));
/// ```
pub fn first_duplicate<'a, I>(values: I) -> Option<usize>
where
    I: IntoIterator<Item = &'a Value>,
    I::IntoIter: Clone + ExactSizeIterator,
{
    let values = values.into_iter();
    if values.len() <= PAIRWISE_COUNT_MAX && values.clone().all(|value| !value.is_nested()) {
        let before = values.clone();
        return values
            .enumerate()
            .position(|(i, value)| before.clone().take(i).any(|b| b == value));
    }
    let mut seen = HashSet::with_capacity(values.len());
    values.into_iter().position(|value| !seen.insert(value))
}

/// The bits that stand for a double: one pattern for everything that is not a number.
const fn double_bits(x: f64) -> u64 {
    if x.is_nan() {
        f64::NAN.to_bits()
    } else {
        x.to_bits()
    }
}

/// Whether both hold the same elements, each as often.
fn same_elements<T: Eq + Hash>(a: &[T], b: &[T], is_flat: impl Fn(&T) -> bool) -> bool {
    if a.len() != b.len() {
        return false;
    }
    if a.len() <= PAIRWISE_COUNT_MAX && a.iter().all(is_flat) {
        let count = |all: &[T], wanted| all.iter().filter(|&element| element == wanted).count();
        return a
            .iter()
            .all(|element| count(a, element) == count(b, element));
    }
    let mut counts: HashMap<&T, usize> = HashMap::with_capacity(a.len());
    for element in a {
        *counts.entry(element).or_default() += 1;
    }
    b.iter().all(|element| match counts.get_mut(element) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        _ => false,
    })
}

fn hash_elements<T: Hash, H: Hasher>(elements: &[T], state: &mut H) {
    elements.len().hash(state);
    let one = |element| ELEMENT_HASHER.hash_one(element);
    elements
        .iter()
        .map(one)
        .fold(0_u64, u64::wrapping_add)
        .hash(state);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hash(value: &Value) -> u64 {
        ELEMENT_HASHER.hash_one(value)
    }

    #[test]
    fn order_does_not_matter_in_sets_and_tables() {
        for count in [3, 100] {
            let forward: Vec<_> = (0..count).map(Value::Count).collect();
            let backward: Vec<_> = (0..count).rev().map(Value::Count).collect();
            assert_ne!(
                Value::Vector(forward.clone()),
                Value::Vector(backward.clone())
            );
            let table = |keys: &[Value]| {
                Value::Table(keys.iter().map(|k| (k.clone(), k.clone())).collect())
            };
            assert_eq!(table(&forward), table(&backward));
            assert_eq!(hash(&table(&forward)), hash(&table(&backward)));
            let (a, b) = (Value::Set(forward), Value::Set(backward));
            assert_eq!(a, b);
            assert_eq!(hash(&a), hash(&b));
            assert_eq!(Value::Set(vec![a.clone()]), Value::Set(vec![b]));
            assert_ne!(a, Value::Set((1..=count).map(Value::Count).collect()));
        }
    }

    #[test]
    fn doubles_compare_by_bits_and_nan_equals_nan() {
        assert_eq!(Value::Double(f64::NAN), Value::Double(-f64::NAN));
        assert_ne!(Value::Double(0.0), Value::Double(-0.0));
        assert_ne!(Value::Double(1.0), Value::Time(1.0));
    }

    #[test]
    fn mapped_address_is_the_ipv4_address() {
        let v4 = Value::Addr("1.2.3.4".parse().unwrap());
        let mapped = Value::Addr("::ffff:1.2.3.4".parse().unwrap());
        assert_eq!(v4, mapped);
        assert_eq!(hash(&v4), hash(&mapped));
    }

    #[test]
    fn duplicates_are_found_in_small_and_large_runs() {
        let mut values: Vec<_> = (0..5).map(Value::Count).collect();
        assert_eq!(first_duplicate(&values), None);
        values.push(Value::Count(3));
        assert_eq!(first_duplicate(&values), Some(5));
        let mut values: Vec<_> = (0..500).map(Value::Count).collect();
        assert_eq!(first_duplicate(&values), None);
        values.insert(400, Value::Count(7));
        assert_eq!(first_duplicate(&values), Some(400));
        let nested = |x| Value::Set(vec![Value::Count(x), Value::Count(9)]);
        let turned = Value::Set(vec![Value::Count(9), Value::Count(1)]);
        assert_eq!(first_duplicate(&[nested(1), nested(2), turned]), Some(2));
    }

    #[test]
    fn deeply_nested_equal_sets_compare_in_time() {
        let nest = |mut value| {
            for _ in 0..32 {
                value = Value::Set(vec![value, Value::Unset]);
            }
            value
        };
        let big = |x| Value::Set((0..10_000).chain([x]).map(Value::Count).collect());
        assert_eq!(nest(big(20_000)), nest(big(20_000)));
        assert_ne!(nest(big(20_000)), nest(big(20_001)));
    }
}
