##! Two nodes over the backend named by BENCH_BACKEND, each system at its best.

@load base/frameworks/cluster

@if ( getenv("BENCH_BACKEND") == "zeekwire" )
@load frameworks/cluster/backend/zeekwire
redef Cluster::event_serializer = Cluster::EVENT_SERIALIZER_ZEEKWIRE_CAPNP_V1;
redef Cluster::Backend::Zeekwire::rendezvous_port = to_port(fmt("%s/tcp", getenv("BENCH_PORT_2")));
@else
@load frameworks/cluster/backend/zeromq
redef Cluster::Backend::ZeroMQ::listen_xsub_endpoint = fmt("tcp://127.0.0.1:%s", getenv("BENCH_PORT_2"));
redef Cluster::Backend::ZeroMQ::connect_xpub_endpoint = fmt("tcp://127.0.0.1:%s", getenv("BENCH_PORT_2"));
redef Cluster::Backend::ZeroMQ::listen_xpub_endpoint = fmt("tcp://127.0.0.1:%s", getenv("BENCH_PORT_3"));
redef Cluster::Backend::ZeroMQ::connect_xsub_endpoint = fmt("tcp://127.0.0.1:%s", getenv("BENCH_PORT_3"));
# Without limits: with its own it loses a fifth of a flood.
redef Cluster::Backend::ZeroMQ::xpub_sndhwm = 0;
redef Cluster::Backend::ZeroMQ::xsub_rcvhwm = 0;
redef Cluster::Backend::ZeroMQ::onloop_queue_hwm = 0;
@endif

redef Log::default_rotation_interval = 0secs;
redef Log::enable_local_logging = F;
redef Log::enable_remote_logging = F;
redef exit_only_after_terminate = T;

module Bench;

export {
	## CPU time of this process in seconds, and the most memory it ever held.
	type Usage: record {
		cpu: interval;
		mem: count;
	};

	## What this process used so far.
	global usage: function(): Usage;
}

function usage(): Usage
	{
	local stats = get_proc_stats();
	return Usage($cpu=stats$user_time + stats$system_time, $mem=stats$mem);
	}
