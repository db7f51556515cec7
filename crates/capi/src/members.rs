//! Members as C sees them.

use std::collections::HashMap;
use std::ffi::{CString, c_char, c_void};
use std::mem::size_of;

use zeekwire::{Member, NodeId};

use crate::entry::call;
use crate::failure::c_text;
use crate::handlers::{Callback, zw_member_change, zw_member_handler, zw_topic_handler};
use crate::{zw_context, zw_result};

/// Another member of the cluster.
#[repr(C)]
pub struct zw_member {
    /// sizeof(zw_member) of the library: what lies behind it does not exist yet.
    pub size: usize,
    /// The node's name.
    pub name: *const c_char,
    /// What its program calls this life of it; empty if it said nothing.
    pub alias: *const c_char,
    /// When this life of it started, in microseconds since the Unix epoch.
    pub started_us: u64,
    /// Tells apart lives that started at once.
    pub random: u64,
    /// Labels of the pools that it belongs to: `pool_count` strings.
    pub pools: *const *const c_char,
    /// How many there are.
    pub pool_count: usize,
}

/// A member with its strings as C wants them.
struct Shown {
    name: CString,
    alias: CString,
    pools: Vec<CString>,
}

/// Shows a member to `show`.
pub(crate) fn show_member(member: &Member, show: impl FnOnce(*const zw_member)) {
    let shown = Shown {
        name: c_text(member.node.name.as_str()),
        alias: c_text(member.alias.clone().unwrap_or_default()),
        pools: member
            .pools
            .iter()
            .map(|pool| c_text(pool.as_str()))
            .collect(),
    };
    let pools: Vec<_> = shown.pools.iter().map(|pool| pool.as_ptr()).collect();
    show(&zw_member {
        size: size_of::<zw_member>(),
        name: shown.name.as_ptr(),
        alias: shown.alias.as_ptr(),
        started_us: member.node.incarnation.started_us,
        random: member.node.incarnation.random,
        pools: pools.as_ptr(),
        pool_count: pools.len(),
    });
}

/// The members that the program was told of, so that it hears who it is that goes.
#[derive(Default)]
pub(crate) struct KnownMembers(HashMap<NodeId, Member>);

impl KnownMembers {
    /// The member of a notice.
    pub(crate) fn note(&mut self, change: zw_member_change, node: NodeId) -> Member {
        let known = match change {
            zw_member_change::ZW_MEMBER_DOWN => self.0.remove(&node),
            _ => self.0.get(&node).cloned(),
        };
        known.unwrap_or(Member {
            node,
            alias: None,
            pools: Vec::new(),
        })
    }

    /// Remembers a member.
    pub(crate) fn add(&mut self, member: &Member) {
        self.0.insert(member.node.clone(), member.clone());
    }
}

/// Calls `handler` for members that come and go; NULL ends that. Set it before the context starts
/// to hear of all of them. A client hears of none.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_member(
    context: *mut zw_context,
    handler: zw_member_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        context
            .handlers()
            .change(|handlers| handlers.member = callback);
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}

/// Calls `handler` when the first subscriber to a filter comes, anywhere in the cluster, and when
/// the last one goes; NULL ends that. Only with the option `watch_topics`.
///
/// Any thread; with another thread inside zw_process(), the old handler may run once more.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn zw_on_topic(
    context: *mut zw_context,
    handler: zw_topic_handler,
    cookie: *mut c_void,
) -> zw_result {
    let callback = Callback::new(handler, cookie);
    let body = |context: &zw_context| {
        context
            .handlers()
            .change(|handlers| handlers.topic = callback);
        Ok(())
    };
    // SAFETY: C gave a context.
    unsafe { call(context, body) }
}
