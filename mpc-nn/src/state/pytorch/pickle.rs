//! Python's pickles, as far as they describe tensors. A pickle is a program for a stack machine; here its values are data, and
//! a call of anything but the few functions that make tensors gives a value that nothing can be done with.

use std::{collections::HashMap, rc::Rc};

/// What a tensor is a view of, and how.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tensor {
    /// The name of its numbers in the archive.
    pub(super) storage: String,
    /// The class of its storage, such as `FloatStorage`.
    pub(super) kind: String,
    /// How many numbers the storage has.
    pub(super) count: usize,
    pub(super) offset: usize,
    pub(super) shape: Vec<usize>,
    pub(super) stride: Vec<usize>,
}

/// A value of a pickle. Tuples and dictionaries are held by their number, so that what contains itself, or is nested without
/// measure, does no harm.
#[derive(Clone, Debug)]
pub(super) enum Value {
    /// Marks where the arguments of an instruction begin.
    Mark,
    Int(i64),
    Text(Rc<str>),
    Tuple(usize),
    Dict(usize),
    /// A class or function, by module and name.
    Global(Rc<str>),
    Storage(Rc<Tensor>),
    Tensor(Rc<Tensor>),
    /// Anything else.
    Other,
}

/// The deepest stack, and the most values that are remembered.
const MOST: usize = 1 << 22;

/// What a pickle describes.
pub(super) struct Pickle {
    /// Its value.
    pub(super) top: Value,
    /// All dictionaries, by number.
    pub(super) dicts: Vec<Vec<(Value, Value)>>,
}

/// Reads a pickle.
pub(super) fn read(bytes: &[u8]) -> Result<Pickle, String> {
    let mut machine =
        Machine { bytes, at: 0, stack: Vec::new(), memo: HashMap::new(), tuples: Vec::new(), dicts: Vec::new() };
    loop {
        let held = machine.memo.len() + machine.tuples.len() + machine.dicts.len();
        if machine.stack.len() > MOST || held > MOST {
            return Err("the pickle is too large".to_owned());
        }
        if machine.step()? {
            return Ok(Pickle { top: machine.pop()?, dicts: machine.dicts });
        }
    }
}

struct Machine<'a> {
    bytes: &'a [u8],
    at: usize,
    stack: Vec<Value>,
    memo: HashMap<u64, Value>,
    tuples: Vec<Vec<Value>>,
    dicts: Vec<Vec<(Value, Value)>>,
}

impl Machine<'_> {
    fn take(&mut self, count: usize) -> Result<&[u8], String> {
        let end = self.at.checked_add(count).filter(|&end| end <= self.bytes.len());
        let end = end.ok_or("the pickle ends too early")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    /// A number of so many bytes, the lowest first.
    fn number(&mut self, count: usize) -> Result<u64, String> {
        Ok(self.take(count)?.iter().rev().fold(0, |number, &byte| number << 8 | u64::from(byte)))
    }

    fn text(&mut self, count: u64) -> Result<Rc<str>, String> {
        let count = usize::try_from(count).map_err(|_| "a text is too long")?;
        std::str::from_utf8(self.take(count)?).map(Rc::from).map_err(|_| "a text is not UTF-8".to_owned())
    }

    fn line(&mut self) -> Result<String, String> {
        let rest = &self.bytes[self.at..];
        let end = rest.iter().position(|&byte| byte == b'\n').ok_or("the pickle ends too early")?;
        let line = self.take(end)?.to_vec();
        self.take(1)?;
        String::from_utf8(line).map_err(|_| "a text is not UTF-8".to_owned())
    }

    fn pop(&mut self) -> Result<Value, String> {
        self.stack.pop().ok_or_else(|| "the pickle takes more than it has put".to_owned())
    }

    /// The values after the last mark.
    fn marked(&mut self) -> Result<Vec<Value>, String> {
        let mark = self.stack.iter().rposition(|value| matches!(value, Value::Mark)).ok_or("a mark is missing")?;
        let values = self.stack.split_off(mark + 1);
        self.stack.pop();
        Ok(values)
    }

    fn tuple(&mut self, count: usize) -> Result<(), String> {
        let from = self.stack.len().checked_sub(count).ok_or("the pickle takes more than it has put")?;
        let values = self.stack.split_off(from);
        let tuple = self.grouped(values);
        self.stack.push(tuple);
        Ok(())
    }

    fn grouped(&mut self, values: Vec<Value>) -> Value {
        self.tuples.push(values);
        Value::Tuple(self.tuples.len() - 1)
    }

    fn dict(&mut self) -> Value {
        self.dicts.push(Vec::new());
        Value::Dict(self.dicts.len() - 1)
    }

    fn parts(&self, value: &Value) -> Option<&[Value]> {
        if let Value::Tuple(at) = value { self.tuples.get(*at).map(Vec::as_slice) } else { None }
    }

    fn remember(&mut self, at: u64) -> Result<(), String> {
        let top = self.stack.last().cloned().ok_or("there is nothing to remember")?;
        self.memo.insert(at, top);
        Ok(())
    }

    fn recall(&mut self, at: u64) -> Result<(), String> {
        let value = self.memo.get(&at).cloned().ok_or("what it recalls was not remembered")?;
        self.stack.push(value);
        Ok(())
    }

    /// Adds pairs to the dictionary on top. Lists are passed over.
    fn set(&mut self, values: Vec<Value>) {
        if let Some(Value::Dict(at)) = self.stack.last() {
            let mut values = values.into_iter();
            while let (Some(key), Some(value)) = (values.next(), values.next()) {
                self.dicts[*at].push((key, value));
            }
        }
    }

    /// One instruction; whether it was the last.
    fn step(&mut self) -> Result<bool, String> {
        let code = self.take(1)?[0];
        let value = match code {
            // PROTO, FRAME: of no consequence.
            0x80 => return self.take(1).map(|_| false),
            0x95 => return self.take(8).map(|_| false),
            b'.' => return Ok(true),
            b'(' => Value::Mark,
            b'}' => self.dict(),
            b')' => self.grouped(Vec::new()),
            b'N' | b']' => Value::Other,
            0x88 => Value::Int(1),
            0x89 => Value::Int(0),
            b'J' => Value::Int(i64::from(self.number(4)? as u32 as i32)),
            b'K' => Value::Int(self.number(1)? as i64),
            b'M' => Value::Int(self.number(2)? as i64),
            0x8a => self.long()?,
            b'G' => self.take(8).map(|_| Value::Other)?,
            b'X' => self.number(4).and_then(|count| self.text(count)).map(Value::Text)?,
            0x8c => self.number(1).and_then(|count| self.text(count)).map(Value::Text)?,
            b'c' => {
                let (module, name) = (self.line()?, self.line()?);
                Value::Global(format!("{module}.{name}").into())
            }
            0x93 => match (self.pop()?, self.pop()?) {
                (Value::Text(name), Value::Text(module)) => Value::Global(format!("{module}.{name}").into()),
                _ => return Err("a class without a name".to_owned()),
            },
            b'Q' => {
                let name = self.pop()?;
                self.persistent(&name)
            }
            b'R' | 0x81 => {
                let (arguments, function) = (self.pop()?, self.pop()?);
                self.called(&function, &arguments)?
            }
            // BUILD: the state of an object, which is passed over.
            b'b' => return self.pop().map(|_| false),
            b'0' => return self.pop().map(|_| false),
            b't' => {
                let values = self.marked()?;
                self.grouped(values)
            }
            0x85..=0x87 => return self.tuple(usize::from(code - 0x84)).map(|()| false),
            b's' => {
                let (value, key) = (self.pop()?, self.pop()?);
                self.set(vec![key, value]);
                return Ok(false);
            }
            b'u' | b'e' => {
                let values = self.marked()?;
                self.set(values);
                return Ok(false);
            }
            b'a' => return self.pop().map(|_| false),
            b'q' => return self.number(1).and_then(|at| self.remember(at)).map(|()| false),
            b'r' => return self.number(4).and_then(|at| self.remember(at)).map(|()| false),
            0x94 => return self.remember(self.memo.len() as u64).map(|()| false),
            b'h' => return self.number(1).and_then(|at| self.recall(at)).map(|()| false),
            b'j' => return self.number(4).and_then(|at| self.recall(at)).map(|()| false),
            other => return Err(format!("instruction {other:#04x} of a pickle, which no state dictionary needs")),
        };
        self.stack.push(value);
        Ok(false)
    }

    fn long(&mut self) -> Result<Value, String> {
        let count = self.number(1)? as usize;
        let bytes = self.take(count)?;
        let negative = bytes.last().is_some_and(|byte| byte >> 7 == 1);
        let start = if negative { -1i64 } else { 0 };
        match count {
            0..=8 => Ok(Value::Int(bytes.iter().rev().fold(start, |number, &byte| number << 8 | i64::from(byte)))),
            _ => Ok(Value::Other),
        }
    }

    /// What a persistent name stands for: numbers of the archive.
    fn persistent(&self, name: &Value) -> Value {
        match self.parts(name) {
            Some([Value::Text(what), Value::Global(kind), Value::Text(key), _, Value::Int(count)])
                if &**what == "storage" =>
            {
                let kind = kind.rsplit('.').next().unwrap_or("").to_owned();
                let count = usize::try_from(*count).unwrap_or(usize::MAX);
                let (shape, stride) = (Vec::new(), Vec::new());
                Value::Storage(Rc::new(Tensor { storage: key.to_string(), kind, count, offset: 0, shape, stride }))
            }
            _ => Value::Other,
        }
    }

    fn sizes(&self, value: &Value) -> Option<Vec<usize>> {
        let size = |part: &Value| if let Value::Int(size) = part { usize::try_from(*size).ok() } else { None };
        self.parts(value)?.iter().map(size).collect()
    }

    /// What a known function makes of its arguments.
    fn called(&mut self, function: &Value, arguments: &Value) -> Result<Value, String> {
        let (Value::Global(name), Some(arguments)) = (function, self.parts(arguments)) else { return Ok(Value::Other) };
        match (&**name, arguments) {
            ("collections.OrderedDict", []) => Ok(self.dict()),
            ("torch._utils._rebuild_parameter", [tensor @ Value::Tensor(_), ..]) => Ok(tensor.clone()),
            ("torch._utils._rebuild_tensor_v2", [Value::Storage(storage), Value::Int(offset), shape, stride, ..]) => {
                let wrong = || "a tensor with a shape that cannot be".to_owned();
                let (shape, stride) = (self.sizes(shape).ok_or_else(wrong)?, self.sizes(stride).ok_or_else(wrong)?);
                let all = shape.iter().try_fold(1usize, |all, &size| all.checked_mul(size.max(1)));
                let fits = shape.len() == stride.len() && shape.len() <= 16 && all.is_some();
                let offset = usize::try_from(*offset).ok().filter(|_| fits).ok_or_else(wrong)?;
                Ok(Value::Tensor(Rc::new(Tensor { offset, shape, stride, ..(**storage).clone() })))
            }
            _ => Ok(Value::Other),
        }
    }
}
