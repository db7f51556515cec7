##! Options of the Zeekwire cluster backend.
##!
##! Overview
##!
##! All nodes of a cluster are members of one Zeekwire cluster. One or more of them, by default the
##! manager, are a *rendezvous*: they listen on a known port, and all others connect there. Losing a
##! rendezvous that others can replace stops nothing.
##!
##! Loading this file without ``main.zeek`` selects the backend and defines topics and options, but
##! starts nothing: for a supervisor or a script with a topology of its own, which then calls
##! :zeek:see:`Cluster::init`, :zeek:see:`Cluster::Backend::Zeekwire::listen` and
##! :zeek:see:`Cluster::Backend::Zeekwire::connect` itself.
##!
##! Overload
##!
##! ``Cluster::publish`` never waits. It returns ``T`` when the event was accepted on this node, and
##! ``F`` when the queues had no room for it. Refused events are counted by topic in the metric
##! ``zeek_cluster_zeekwire_publish_refused_total`` and reported at a limited rate. What happens to
##! events beyond that, at nodes that are slower than those that send to them, is up to
##! :zeek:see:`Cluster::Backend::Zeekwire::event_policy`; every loss is counted in
##! ``zeek_cluster_zeekwire_lost_messages_total``.

@load base/frameworks/cluster
@load base/frameworks/supervisor/api
@load frameworks/cluster/serializer/zeekwire

module Cluster::Backend::Zeekwire;

export {
	## Which nodes are linked.
	type Topology: enum {
		## Every node connects to every rendezvous.
		STAR,
		## As well, every node with a port in :zeek:see:`Cluster::nodes` listens there, and any
		## two nodes of which at least one listens are linked.
		MESH,
	};

	## What happens to events that find no room in a queue. The order is that of the C library.
	type OverloadPolicy: enum {
		## The event is refused: ``Cluster::publish`` returns ``F`` for the publisher's own
		## events. Nodes pass on no more than the next one takes, and drop what is over.
		BLOCK,
		## The oldest events in the queue make room.
		DROP_OLDEST,
		## The new event is dropped.
		DROP_NEWEST,
		## The node that cannot keep up loses its link, and connects again.
		DISCONNECT,
	};

	## Which nodes are linked.
	const topology = STAR &redef;

	## Names of the nodes in :zeek:see:`Cluster::nodes` that are a rendezvous. Empty: the managers,
	## unless others are named by ``rendezvous_endpoints`` or ``supervisor_is_rendezvous``.
	const rendezvous: set[string] = {} &redef;

	## The port of a rendezvous. ``0/unknown`` takes the node's port in
	## :zeek:see:`Cluster::nodes`, or 47760 where it has none. A second rendezvous at the same
	## address takes the next port, in the order of names.
	const rendezvous_port = 0/unknown &redef;

	## Endpoints of rendezvous that are no nodes of the layout, such as a program ``zeekwire node``:
	## ``tcp://HOST:PORT`` or ``ipc://PATH``. Commas separate alternatives of which one is used.
	const rendezvous_endpoints: vector of string = vector() &redef;

	## Whether the supervisor is the rendezvous. It listens at the first of
	## ``rendezvous_endpoints``, or on this machine's loopback address only.
	const supervisor_is_rendezvous = F &redef;

	## The address to listen on where it differs from the one that others connect to, such as
	## ``*``, ``0.0.0.0`` or ``[::]``. Empty: the node's address in :zeek:see:`Cluster::nodes`.
	const bind_address = "" &redef;

	## Where this node listens, as endpoints with ports. Empty: as the layout says.
	const listen_endpoints: vector of string = vector() &redef;

	## Where this node connects to, as endpoints with ports. Empty: as the layout says.
	const connect_endpoints: vector of string = vector() &redef;

	## Allows this node to listen where other machines can reach it. Links are neither encrypted
	## nor authenticated yet: whoever reaches the port can read and publish everything. Set it only
	## where the network between the nodes is yours alone.
	const allow_insecure_remote = F &redef;

	## Labels of pools that this node belongs to, beside that of its type.
	const pools: set[string] = {} &redef;

	## The name of this process in the Zeekwire cluster. Empty: it takes no part in it, and its
	## events stay in the process, as in a standalone Zeek.
	global node_name: function(): string &redef;

	## Bytes of events that may wait for one link. 0 takes the library's default.
	const event_queue_bytes_max = 64 * 1024 * 1024 &redef;

	## What happens to events that find no room there.
	const event_policy = BLOCK &redef;

	## Bytes that may wait for all links together. 0 takes the library's default.
	const queued_bytes_max = 256 * 1024 * 1024 &redef;

	## Bytes of events that were published here and that the IO thread has yet to take. 0 takes the
	## library's default.
	const publish_bytes_max = 8 * 1024 * 1024 &redef;

	## Bytes of messages that arrived and that wait for Zeek's main loop. 0 takes the library's
	## default.
	const receive_bytes_max = 64 * 1024 * 1024 &redef;

	## What happens to messages that find no room there. With ``BLOCK`` they wait where they came
	## from. A node that others' messages pass through, such as a rendezvous, keeps nobody waiting
	## for its own scripts: there the oldest are dropped, unless ``lossless`` is set.
	const receive_policy = BLOCK &redef;

	## Slows those who publish down to the slowest node instead of losing events on the way. As
	## ``Cluster::publish`` never waits, it returns ``F`` more often.
	const lossless = F &redef;

	## Passes nothing on between links but what :zeek:see:`Cluster::Backend::Zeekwire::forward` says:
	## the node is the border of two clusters.
	const forwarding_rules = F &redef;

	## Whether this node passes messages of others on.
	const forwards_for_others = T &redef;

	## Bytes of log batches that may wait for a logger. Beyond that batches are dropped, counted
	## and reported.
	const log_outbox_bytes_max = 64 * 1024 * 1024 &redef;

	## Bytes of messages that are processed before Zeek turns to packets and timers again.
	const process_bytes_max = 256 * 1024 &redef;

	## Time after which Zeek turns to packets and timers again, even with fewer bytes processed.
	const process_time_max = 2 msec &redef;

	## How often an idle link is used to show that this node lives. ``0 sec`` takes the library's
	## default.
	const heartbeat_interval = 0 sec &redef;

	## A peer from which nothing came for so long is gone. ``0 sec`` takes the library's default.
	const silence_max = 0 sec &redef;

	## A node that no path leads to for so long is reported down. ``0 sec`` takes the library's
	## default.
	const member_down_after = 0 sec &redef;

	## How long the IO thread looks for work before it sleeps. Lowers latency by a few
	## microseconds, at the price of a CPU that is never idle while events flow.
	const spin_time = 0 usec &redef;

	## How long the end of this process may wait for what it has yet to send.
	const flush_timeout = 500 msec &redef;

	## How long a WebSocket client's acknowledgement may wait for the first links of this node.
	const ready_timeout = 1 sec &redef;

	## The least time between two reports of refused events, and of dropped log batches.
	const report_interval = 10 sec &redef;

	## A connection that fails for so long is reported once.
	const connect_report_delay = 30 sec &redef;

	## Raises ``subscription`` and ``unsubscription`` also where no handler for them existed when
	## the backend was initialised.
	const watch_topics = F &redef;

	## Writes what happens to stderr. The sum of 1 for messages, 2 for subscriptions, 4 for links
	## and members, 8 for logs.
	const debug_flags = 0 &redef;

	## What the topics of nodes, by name, begin with.
	const node_topic_prefix = "zeek.cluster.node" &redef;

	## What the topics of nodes, by id, begin with.
	const nodeid_topic_prefix = "zeek.cluster.nodeid" &redef;

	## A member of the Zeekwire cluster came up: what is published from now on reaches it. For each
	## name ups and downs take turns. Members in :zeek:see:`Cluster::nodes` are also announced by
	## :zeek:see:`Cluster::node_up`.
	##
	## name: The member's name.
	##
	## id: What its program calls this life of it, for Zeek its :zeek:see:`Cluster::node_id`; the
	##     name if it said nothing.
	##
	## labels: The pools that it belongs to.
	global member_up: event(name: string, id: string, labels: string_vec);

	## A member of the Zeekwire cluster is gone.
	##
	## name: The member's name.
	##
	## id: The id that it came up with.
	global member_down: event(name: string, id: string);

	## Another live node has this node's name and the better right to it. All links are closed.
	##
	## name: The name.
	global name_taken: event(name: string);

	## A link is up, and the peer's subscriptions are effective here.
	##
	## link: Number of the connection.
	##
	## peer: Name of the node at the other end.
	##
	## endpoint: Where it is.
	global link_up: event(link: count, peer: string, endpoint: string);

	## A link ended, or an attempt to connect failed.
	##
	## link: Number of the connection.
	##
	## peer: Name of the node at the other end, if known.
	##
	## endpoint: Where it is.
	##
	## reason: Why, for people.
	global link_down: event(link: count, peer: string, endpoint: string, reason: string);

	## The first subscriber to a topic prefix came, anywhere in the cluster, this node included.
	##
	## topic: The topic prefix.
	global subscription: event(topic: string);

	## The last subscriber to a topic prefix went.
	##
	## topic: The topic prefix.
	global unsubscription: event(topic: string);

	## A survey is over.
	##
	## survey: What :zeek:see:`Cluster::Backend::Zeekwire::survey` returned.
	##
	## answers: How many nodes answered.
	global survey_done: event(survey: count, answers: count);

	redef enum EventMetadata::ID += {
		## Number of the survey that an event belongs to: an answer to this node's survey, or a
		## question of another node's. Local to the process.
		SURVEY = 47760,
	};
}

redef Cluster::backend = Cluster::CLUSTER_BACKEND_ZEEKWIRE;

# The random part must be the first that is drawn, so that it is reproducible with a seed.
const my_node_id = fmt("zeekwire_%s_%s_%s_%s", Cluster::node, gethostname(), getpid(), unique_id("N"));

function zeekwire_node_id(): string
	{
	return my_node_id;
	}

function zeekwire_node_topic(name: string): string
	{
	return node_topic_prefix + "." + name + ".";
	}

function zeekwire_nodeid_topic(id: string): string
	{
	return nodeid_topic_prefix + "." + id + ".";
	}

function node_name(): string
	{
	if ( Cluster::is_enabled() )
		return Cluster::node;

	return Supervisor::is_supervisor() && supervisor_is_rendezvous ? "supervisor" : "";
	}

redef Cluster::node_id = zeekwire_node_id;
redef Cluster::node_topic = zeekwire_node_topic;
redef Cluster::nodeid_topic = zeekwire_nodeid_topic;

redef Cluster::logger_topic = "zeek.cluster.logger";
redef Cluster::manager_topic = "zeek.cluster.manager";
redef Cluster::proxy_topic = "zeek.cluster.proxy";
redef Cluster::worker_topic = "zeek.cluster.worker";

redef Cluster::proxy_pool_spec = Cluster::PoolSpec(
	$topic = "zeek.cluster.pool.proxy",
	$node_type = Cluster::PROXY);

redef Cluster::logger_pool_spec = Cluster::PoolSpec(
	$topic = "zeek.cluster.pool.logger",
	$node_type = Cluster::LOGGER);

redef Cluster::worker_pool_spec = Cluster::PoolSpec(
	$topic = "zeek.cluster.pool.worker",
	$node_type = Cluster::WORKER);

redef Cluster::Telemetry::topic_normalizations += {
	[/^zeek\.cluster\.nodeid\..*/] = "zeek.cluster.nodeid.__normalized__",
};
