//! Owned events and values out of views.

use zeekwire_types::limits::{VALUE_COUNT_MAX, VALUE_DEPTH_MAX};
use zeekwire_types::value::{Function, Opaque, Pattern, Record, first_duplicate};
use zeekwire_types::{Event, Metadata, Value};

use super::view::{EventView, RecordView, ValueList, ValueRef, ValueView, fault};
use crate::{DecodeError, Fault, Step};

/// Values that even the smallest payload may hold.
const VALUE_COUNT_MIN: usize = 1024;

impl EventView<'_> {
    /// Copies the event out.
    ///
    /// # Errors
    /// [`DecodeError`] names the value that is damaged, nested too deep, or there twice.
    pub fn to_event(&self) -> Result<Event, DecodeError> {
        let mut copier = Copier::new(self.words());
        let args = copier.values(self.args(), VALUE_DEPTH_MAX, Step::Arg)?;
        let mut metadata = Vec::new();
        for (i, entry) in self.metadata().enumerate() {
            copier.charge(1)?;
            let (id, value) = entry?;
            let value = copier.value(value, VALUE_DEPTH_MAX);
            let value = value.map_err(|e| e.inside(Step::Metadata(i)))?;
            metadata.push(Metadata { id, value });
        }
        Ok(Event {
            name: self.name().to_owned(),
            args,
            metadata,
        })
    }
}

impl ValueView<'_> {
    /// Copies the value out of a payload of `payload_bytes`, which bound how many values may be
    /// inside it.
    ///
    /// # Errors
    /// [`DecodeError`] names the value that is damaged, nested too deep, or there twice.
    pub fn to_value(&self, payload_bytes: usize) -> Result<Value, DecodeError> {
        Copier::new(payload_bytes / 8).value(*self, VALUE_DEPTH_MAX)
    }
}

/// Copies values, as many as a payload of that size pays for.
///
/// A value takes three words on the wire and one at the least, but a list may claim values of no
/// size at all, and pointers may share targets.
struct Copier {
    values_left: usize,
}

impl Copier {
    fn new(payload_words: usize) -> Self {
        Self {
            values_left: payload_words.clamp(VALUE_COUNT_MIN, VALUE_COUNT_MAX),
        }
    }

    fn charge(&mut self, count: usize) -> Result<(), DecodeError> {
        let left = self.values_left.checked_sub(count);
        self.values_left = left.ok_or_else(|| fault(Fault::Amplified))?;
        Ok(())
    }

    fn values(
        &mut self,
        list: ValueList<'_>,
        levels: usize,
        step: fn(usize) -> Step,
    ) -> Result<Vec<Value>, DecodeError> {
        self.charge(list.len())?;
        let mut values = Vec::with_capacity(list.len());
        for (i, value) in list.iter().enumerate() {
            values.push(self.value(value, levels).map_err(|e| e.inside(step(i)))?);
        }
        Ok(values)
    }

    /// One value, in which at most `levels` containers nest.
    fn value(&mut self, view: ValueView<'_>, levels: usize) -> Result<Value, DecodeError> {
        Ok(match view.read()? {
            ValueRef::Unset => Value::Unset,
            ValueRef::Bool(x) => Value::Bool(x),
            ValueRef::Count(x) => Value::Count(x),
            ValueRef::Int(x) => Value::Int(x),
            ValueRef::Double(x) => Value::Double(x),
            ValueRef::Time(x) => Value::Time(x),
            ValueRef::Interval(x) => Value::Interval(x),
            ValueRef::String(x) => Value::String(x.to_vec()),
            ValueRef::Enum(x) => Value::Enum(x.to_owned()),
            ValueRef::Port(x) => Value::Port(x),
            ValueRef::Addr(x) => Value::Addr(x),
            ValueRef::Subnet(x) => Value::Subnet(x),
            container => {
                let levels = levels.checked_sub(1).ok_or_else(|| fault(Fault::TooDeep))?;
                self.container(container, levels)?
            }
        })
    }

    fn container(&mut self, value: ValueRef<'_>, levels: usize) -> Result<Value, DecodeError> {
        Ok(match value {
            ValueRef::Set(x) => {
                let elements = self.values(x, levels, Step::Element)?;
                if let Some(i) = first_duplicate(&elements) {
                    return Err(fault(Fault::DuplicateElement).inside(Step::Element(i)));
                }
                Value::Set(elements)
            }
            ValueRef::Table(keys, values) => self.table(keys, values, levels)?,
            ValueRef::Record(x) => Value::Record(self.record(x, levels)?),
            ValueRef::Vector(x) => Value::Vector(self.values(x, levels, Step::Element)?),
            ValueRef::List(x) => Value::List(self.values(x, levels, Step::Element)?),
            ValueRef::Pattern(exact, anywhere) => Value::Pattern(Pattern {
                exact: exact.to_vec(),
                anywhere: anywhere.to_vec(),
            }),
            ValueRef::Function(name, captures) => {
                let captures = captures.map(|x| self.values(x, levels, Step::Capture));
                let captures = captures.transpose()?;
                Value::Function(Function {
                    name: name.to_owned(),
                    captures,
                })
            }
            ValueRef::Opaque(type_id, data) => {
                self.charge(1)?;
                let data = self.value(data, levels).map_err(|e| e.inside(Step::Data))?;
                Value::Opaque(Opaque {
                    type_id: type_id.to_owned(),
                    data: Box::new(data),
                })
            }
            ValueRef::Any(x) => {
                self.charge(1)?;
                let inside = self.value(x, levels).map_err(|e| e.inside(Step::Any))?;
                Value::Any(Box::new(inside))
            }
            // `value` took care of the scalars.
            _ => Value::Unset,
        })
    }

    fn table(
        &mut self,
        keys: ValueList<'_>,
        values: ValueList<'_>,
        levels: usize,
    ) -> Result<Value, DecodeError> {
        let keys = self.values(keys, levels, Step::Key)?;
        let values = self.values(values, levels, Step::Value)?;
        match first_duplicate(&keys) {
            Some(i) => Err(fault(Fault::DuplicateKey).inside(Step::Key(i))),
            None => Ok(Value::Table(keys.into_iter().zip(values).collect())),
        }
    }

    fn record(&mut self, view: RecordView<'_>, levels: usize) -> Result<Record, DecodeError> {
        let fields = self.values(view.fields(), levels, Step::Field)?;
        let mut names = Vec::new();
        if view.has_names() {
            for i in 0..fields.len() {
                let name = view.name(i).map_err(|e| e.inside(Step::Field(i)))?;
                names.push(name.unwrap_or_default().to_owned());
            }
        }
        Ok(Record { fields, names })
    }
}
