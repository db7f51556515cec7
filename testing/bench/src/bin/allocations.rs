//! Counts the allocations that an event costs on its way, with a counting allocator.
//!
//! Prints one line for each stretch of the way: `NAME count=MESSAGES allocations=TOTAL`. A program
//! of its own, because the counter would cost every other measurement.

// The one place outside crates/buffer: an allocator cannot be written without.
#![deny(unsafe_op_in_unsafe_fn)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::error::Error;
use std::hint::black_box;
use std::io::{self, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use zeekwire_serializer::{EventEncoder, EventMessage};
use zeekwire_types::value::{Port, PortProtocol};
use zeekwire_types::{Event, Value};

/// The system's allocator, and how often it was asked for memory.
struct Counting {
    allocations: AtomicU64,
}

#[global_allocator]
static ALLOCATOR: Counting = Counting {
    allocations: AtomicU64::new(0),
};

// SAFETY: every call goes to the system's allocator with the caller's own arguments.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::Relaxed);
        // SAFETY: the caller promises what the system's allocator asks for.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: as for `alloc`; the memory came from the system's allocator.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        self.allocations.fetch_add(1, Ordering::Relaxed);
        // SAFETY: as for `dealloc`.
        unsafe { System.realloc(memory, layout, size) }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let event = Event::new(
        "Bench::transfer_seen",
        [
            Value::Time(1_700_000_000.25),
            Value::Addr([192, 0, 2, 17].into()),
            Value::Port(Port {
                number: 8080,
                protocol: PortProtocol::Tcp,
            }),
            Value::Count(1_048_576),
            Value::String(b"GET /download/archive.tar.gz".to_vec()),
        ],
    );
    let mut encoder = EventEncoder::new();
    count("encode", || {
        black_box(encoder.encode_event(black_box(&event))?);
        Ok(())
    })?;
    let bytes = encoder.encode_event(&event)?;
    count("visit", || {
        let message = EventMessage::new(black_box(bytes))?;
        for argument in message.event()?.args().iter() {
            black_box(argument.read()?);
        }
        Ok(())
    })
}

/// Runs `step` until it is warm, then `COUNT` times, and prints what was allocated meanwhile.
fn count(
    name: &str,
    mut step: impl FnMut() -> Result<(), Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    for _ in 0..WARMUP {
        step()?;
    }
    let before = ALLOCATOR.allocations.load(Ordering::Relaxed);
    for _ in 0..COUNT {
        step()?;
    }
    let allocations = ALLOCATOR.allocations.load(Ordering::Relaxed) - before;
    writeln!(
        io::stdout(),
        "{name} count={COUNT} allocations={allocations}"
    )?;
    Ok(())
}

const WARMUP: u64 = 1_000;
const COUNT: u64 = 10_000;
