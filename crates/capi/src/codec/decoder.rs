//! Payloads read in place, from C.

use std::cell::{Cell, RefCell, UnsafeCell};
use std::ffi::{CString, c_char};
use std::mem::{MaybeUninit, needs_drop};
use std::ptr;

use zeekwire::{DecodeError, EventMessage, EventView};
use zeekwire_serializer::Fault;

use crate::boundary::{bytes, guard, guarded};
use crate::failure::{c_text, put};
use crate::value_view::{LEVELS_MAX, looked_at, zw_list, zw_value};
use crate::zw_result;

/// Reads one payload after the other, in place.
///
/// Any one thread at a time, the lists that were taken included.
pub struct zw_decoder {
    /// The payload's frame. It is replaced only when the next payload comes, and lists point to
    /// it, so it is never borrowed exclusively while they may be used.
    message: UnsafeCell<MaybeUninit<EventMessage<'static>>>,
    /// The event in it, if there is one. Neither is touched once the payload may be gone, but to
    /// be written over.
    event: UnsafeCell<MaybeUninit<EventView<'static>>>,
    has_event: Cell<bool>,
    /// Where the payload is: the host's bytes, or the copy.
    payload: Cell<*const [u8]>,
    /// A copy of a payload that was not aligned.
    copy: UnsafeCell<Vec<u64>>,
    /// The first fault since the payload came, and whether it is one.
    text: RefCell<CString>,
    has_fault: Cell<bool>,
}

// So they may be written over.
const _: () = assert!(!needs_drop::<EventMessage<'_>>() && !needs_drop::<EventView<'_>>());

thread_local! {
    /// The last fault in a list that came from no decoder.
    static STRAY_TEXT: RefCell<CString> = RefCell::new(CString::default());
}

/// A decoder. Yours: `zw_decoder_delete` it.
///
/// Any thread. Never NULL but after a fault of this library.
#[unsafe(no_mangle)]
pub extern "C" fn zw_decoder_new() -> *mut zw_decoder {
    guard(ptr::null_mut(), || {
        Box::into_raw(Box::new(zw_decoder::new()))
    })
}

/// Frees the decoder. Lists that were taken from it are gone. NULL is fine.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_decoder_delete(decoder: *mut zw_decoder) {
    if !decoder.is_null() {
        // SAFETY: C owns it, made by `zw_decoder_new`, and does not use it again.
        guard((), || drop(unsafe { Box::from_raw(decoder) }));
    }
}

/// Reads a payload of format `capnp-v1`. Name and arguments borrow from `bytes`, which must stay
/// as they are for as long as these are used; the next payload ends them too. Bytes that do not
/// start at a multiple of 8 are copied once. Results that you do not want may be NULL.
///
/// ZW_DECODE when the payload is damaged; `zw_decoder_strerror` says how. What is inside values is
/// not looked at before you do.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_decode_event(
    decoder: *mut zw_decoder,
    bytes: *const u8,
    n: usize,
    name: *mut *const c_char,
    name_n: *mut usize,
    args: *mut zw_list,
    metadata_count: *mut usize,
) -> zw_result {
    guarded(|| {
        // SAFETY: null, or a decoder of this library and of one thread; and C vouches that the
        // bytes outlive what is taken from them.
        let found = unsafe { (decoder.as_ref(), self::bytes(bytes, n)) };
        let (Some(decoder), Some(bytes)) = found else {
            return zw_result::ZW_INVALID;
        };
        // SAFETY: as above; C does not use lists of the payload before any more.
        match unsafe { decoder.decode(bytes) } {
            Ok(event) => {
                // SAFETY: C gives null or room for the results.
                unsafe {
                    put(name, event.name().as_ptr().cast());
                    put(name_n, event.name().len());
                    put(args, zw_list::of_payload(event.args(), LEVELS_MAX, decoder));
                    put(metadata_count, event.metadata_len());
                }
                zw_result::ZW_OK
            }
            Err(_) => zw_result::ZW_DECODE,
        }
    })
}

/// The entry of the event's metadata at index `i`: what it is, and its value. Id 1 is the network
/// time at the origin, a time. Results that you do not want may be NULL.
///
/// ZW_END past the last entry, ZW_DECODE where it is damaged, ZW_NOT_FOUND without an event.
///
/// Any one thread at a time.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_decode_metadata(
    decoder: *const zw_decoder,
    i: usize,
    id: *mut u64,
    value: *mut zw_value,
) -> zw_result {
    guarded(|| {
        // SAFETY: null, or a decoder of this library and of one thread.
        let Some(decoder) = (unsafe { decoder.as_ref() }) else {
            return zw_result::ZW_INVALID;
        };
        match decoder.metadata(i) {
            Ok((found_id, found)) => {
                // SAFETY: C gives null or room for the results.
                unsafe {
                    put(id, found_id);
                    put(value, found);
                }
                zw_result::ZW_OK
            }
            Err(result) => result,
        }
    })
}

/// What was wrong first with the payload at hand, and where: `capnp-v1: args[1].fields[0]: …`; ""
/// if nothing was. Never NULL. With NULL: what was wrong last, on this thread, in a list that came
/// from a message and not from a decoder.
///
/// Any one thread at a time. The text lives until the next fault, or the next payload.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_decoder_strerror(decoder: *const zw_decoder) -> *const c_char {
    guard(c"".as_ptr(), || {
        // SAFETY: null, or a decoder of this library and of one thread.
        match unsafe { decoder.as_ref() } {
            Some(decoder) => decoder.text.borrow().as_ptr(),
            None => STRAY_TEXT.with_borrow(|text| text.as_ptr()),
        }
    })
}

impl zw_decoder {
    pub(crate) fn new() -> Self {
        Self {
            message: UnsafeCell::new(MaybeUninit::uninit()),
            event: UnsafeCell::new(MaybeUninit::uninit()),
            has_event: Cell::new(false),
            payload: Cell::new(&[]),
            copy: UnsafeCell::new(Vec::new()),
            text: RefCell::default(),
            has_fault: Cell::new(false),
        }
    }

    /// The event in a payload.
    ///
    /// # Safety
    /// The decoder stays where it is, and `bytes` live, for as long as anything taken from them is
    /// used; nothing that was taken before is used again.
    unsafe fn decode(&self, bytes: &[u8]) -> Result<&EventView<'static>, DecodeError> {
        self.has_event.set(false);
        if self.has_fault.get() {
            self.forget();
        }
        // SAFETY: the caller vouches for the bytes.
        let bytes = unsafe { std::slice::from_raw_parts(bytes.as_ptr(), bytes.len()) };
        // SAFETY: the caller vouches that nothing refers to the payload before any more.
        let found = unsafe { self.read(bytes) };
        found.inspect_err(|error| self.keep(error.to_string()))
    }

    /// # Safety
    /// As [`zw_decoder::decode`].
    #[inline]
    unsafe fn read(&self, bytes: &'static [u8]) -> Result<&EventView<'static>, DecodeError> {
        let mut payload = bytes;
        let mut message = EventMessage::new(bytes);
        if message
            .as_ref()
            .is_err_and(|e| e.fault() == Fault::Misaligned)
        {
            // SAFETY: nothing refers to the copy any more.
            payload = aligned(unsafe { &mut *self.copy.get() }, bytes);
            message = EventMessage::new(payload);
        }
        let message = message?;
        self.payload.set(payload);
        // SAFETY: nothing refers to the message any more; it stays there until the next call.
        let message: &'static EventMessage<'static> =
            unsafe { (*self.message.get()).write(message) };
        let event = message.event()?;
        // SAFETY: nothing refers to the event in here but for the length of a call.
        let event: &'static EventView<'static> = unsafe { (*self.event.get()).write(event) };
        self.has_event.set(true);
        Ok(event)
    }

    /// The entry of the metadata at `index`.
    pub(crate) fn metadata(&self, index: usize) -> Result<(u64, zw_value), zw_result> {
        if !self.has_event.get() {
            return Err(zw_result::ZW_NOT_FOUND);
        }
        // SAFETY: it is there, and its payload lives, as the host uses it.
        let event = unsafe { (*self.event.get()).assume_init() };
        match event.metadata_at(index) {
            Ok(Some((id, view))) => Ok((id, looked_at(view, LEVELS_MAX, self, index)?)),
            Ok(None) => Err(zw_result::ZW_END),
            Err(error) => {
                self.keep(error.to_string());
                Err(zw_result::ZW_DECODE)
            }
        }
    }

    /// Forgets what was wrong with the payload before.
    #[cold]
    fn forget(&self) {
        self.has_fault.set(false);
        *self.text.borrow_mut() = CString::default();
    }

    /// Keeps what was wrong first.
    #[cold]
    fn keep(&self, text: String) {
        if !self.has_fault.replace(true) {
            *self.text.borrow_mut() = c_text(text);
        }
    }

    /// Keeps a fault that was met in a list, with the whole way to it: lists do not know where
    /// they are, so the payload is read once more from its start. At most once for a payload.
    fn locate(&self, fault: Fault, text: String) {
        if self.has_fault.get() {
            return;
        }
        // SAFETY: a list of the payload was used, so the host keeps it.
        let payload = unsafe { &*self.payload.get() };
        let whole =
            EventMessage::new(payload).and_then(|message| message.event()?.to_event().map(drop));
        let found = whole.err().filter(|error| error.fault() == fault);
        self.keep(found.map_or(text, |error| error.to_string()));
    }
}

/// Keeps what is wrong with the value at `index` of a list, and says so.
#[cold]
pub(crate) fn report(decoder: *const zw_decoder, index: usize, fault: Fault) -> zw_result {
    let text = format!("capnp-v1: value {index} of a list: {fault}");
    // SAFETY: null, or the decoder that the list came from, which outlives it by contract.
    match unsafe { decoder.as_ref() } {
        Some(decoder) => decoder.locate(fault, text),
        None => STRAY_TEXT.set(c_text(text)),
    }
    zw_result::ZW_DECODE
}

/// A copy of `bytes` that starts at a multiple of eight.
fn aligned<'a>(copy: &'a mut Vec<u64>, bytes: &[u8]) -> &'a [u8] {
    copy.clear();
    copy.resize(bytes.len().div_ceil(8), 0);
    // SAFETY: the words hold at least as many bytes, and any byte is part of a valid word.
    unsafe {
        let start = copy.as_mut_ptr().cast::<u8>();
        start.copy_from_nonoverlapping(bytes.as_ptr(), bytes.len());
        std::slice::from_raw_parts(start, bytes.len())
    }
}
