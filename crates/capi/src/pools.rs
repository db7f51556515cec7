//! Pools: groups of members of which one gets each event.

use std::ffi::{c_char, c_void};
use std::ptr;
use std::sync::OnceLock;

use zeekwire::{NodeName, Pool, PoolMembers, TrafficClass};

use crate::boundary::{bytes, guard, text};
use crate::entry::{call, call_for};
use crate::events::{FORMAT, zw_event};
use crate::failure::{Failure, Outcome};
use crate::{zw_context, zw_result};

/// A group of members of which one gets each event: those that are up take part, and this context
/// too if it belongs to the pool. Each context hears what it is given by a pool.
pub struct zw_pool {
    members: PoolMembers,
    /// Made at first use, since it needs a node that runs.
    pool: OnceLock<Pool>,
}

impl zw_pool {
    /// Makes a pool.
    ///
    /// # Safety
    /// `context` is null or lives, and `text` is null or a string.
    unsafe fn make(
        context: *const zw_context,
        spec: *const c_char,
        members: fn(String) -> PoolMembers,
    ) -> *mut Self {
        let body = |_: &zw_context| {
            // SAFETY: the caller vouches for it.
            let spec = unsafe { text(spec) }.filter(|spec| !spec.is_empty());
            let spec = spec.ok_or_else(|| Failure::invalid("a pool needs a label or pattern"))?;
            Ok(Box::into_raw(Box::new(Self {
                members: members(spec.to_owned()),
                pool: OnceLock::new(),
            })))
        };
        // SAFETY: the caller vouches for it.
        unsafe { call_for(context, ptr::null_mut(), body) }
    }

    fn raise(
        &self,
        context: &zw_context,
        event: Option<Box<zw_event>>,
        choose: impl FnOnce(&Pool) -> Option<NodeName>,
    ) -> Outcome {
        let event = event.ok_or_else(|| Failure::unreadable("event"))?;
        let node = context.running()?.node();
        let pool = self.pool.get_or_init(|| node.pool(self.members.clone()));
        let member = choose(pool).ok_or_else(|| {
            Failure::new(
                zw_result::ZW_EMPTY_POOL,
                "no member of the pool is up, as far as this node knows",
            )
        })?;
        event.encoded(|payload| {
            context.publish_to_node(TrafficClass::Event, &member, FORMAT, payload)
        })
    }
}

/// The members that carry a label, see the option `pools`. NULL: zw_context_errno() says why.
///
/// Any thread. The pool ends with zw_pool_delete(), which must come before the end of its context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_pool_new_label(
    context: *mut zw_context,
    label: *const c_char,
) -> *mut zw_pool {
    // SAFETY: C gave what the names say.
    unsafe { zw_pool::make(context, label, PoolMembers::Label) }
}

/// The members whose names match a pattern, in which `*` stands for any run of characters. NULL:
/// zw_context_errno() says why.
///
/// Any thread. The pool ends with zw_pool_delete(), which must come before the end of its context.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_pool_new_pattern(
    context: *mut zw_context,
    pattern: *const c_char,
) -> *mut zw_pool {
    // SAFETY: C gave what the names say.
    unsafe { zw_pool::make(context, pattern, PoolMembers::Pattern) }
}

/// Frees a pool. NULL is ignored. Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_pool_delete(pool: *mut zw_pool) {
    if !pool.is_null() {
        // SAFETY: C gives the pool up.
        guard((), || drop(unsafe { Box::from_raw(pool) }));
    }
}

/// Publishes an event to the member of the pool to which `key`, of `n` bytes, belongs: every member
/// of the cluster finds the same one, as long as that is up. Takes the event whatever happens.
///
/// ZW_EMPTY_POOL: no member is up. The rest as for zw_event_raise().
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_event_raise_hashed(
    context: *mut zw_context,
    pool: *const zw_pool,
    key: *const c_void,
    n: usize,
    event: *mut zw_event,
) -> zw_result {
    // SAFETY: C gives the event up.
    let event = unsafe { zw_event::take(event) };
    let body = |context: &zw_context| {
        // SAFETY: C gave a pool, and as many bytes.
        let (pool, key) = unsafe { (pool.as_ref(), bytes(key.cast(), n)) };
        let pool = pool.ok_or_else(|| Failure::unreadable("pool"))?;
        let key = key.ok_or_else(|| Failure::unreadable("key"))?;
        pool.raise(context, event, |pool| pool.member_of(key))
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Publishes an event to the member of the pool whose turn it is. Takes the event whatever happens.
///
/// ZW_EMPTY_POOL: no member is up. The rest as for zw_event_raise().
///
/// Any thread.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_event_raise_next(
    context: *mut zw_context,
    pool: *const zw_pool,
    event: *mut zw_event,
) -> zw_result {
    // SAFETY: C gives the event up.
    let event = unsafe { zw_event::take(event) };
    let body = |context: &zw_context| {
        // SAFETY: C gave a pool.
        let pool = unsafe { pool.as_ref() }.ok_or_else(|| Failure::unreadable("pool"))?;
        pool.raise(context, event, Pool::next_member)
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
