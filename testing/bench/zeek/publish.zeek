##! What one call of `Cluster::publish` takes: over the backend named by BENCH_BACKEND, or nowhere.

@if ( getenv("BENCH_BACKEND") != "none" )
@load ./layout
@endif

module Bench;

export {
	## Like the flood's.
	global flood: event(n: count, at: time, host: addr, service: port, name: string, share: double);
}

const total = to_count(getenv("BENCH_COUNT"));

function measure()
	{
	local host = 192.0.2.1;
	local service = 443/tcp;
	local began = current_time();
	local n = 0;
	while ( n < total )
		{
		Cluster::publish("bench/flood", flood, n, began, host, service, "a name of some length", 0.25);
		++n;
		}
	print fmt("result publish_s=%.6f", interval_to_double(current_time() - began));
	terminate();
	}

event start()
	{
	measure();
	}

event flood(n: count, at: time, host: addr, service: port, name: string, share: double)
	{
	}

event zeek_init()
	{
@if ( getenv("BENCH_BACKEND") == "none" )
	schedule 100msec { start() };
@else
	if ( Cluster::local_node_type() == Cluster::MANAGER )
		Cluster::subscribe("bench/flood");
@endif
	}

@if ( getenv("BENCH_BACKEND") != "none" )
event Cluster::node_up(name: string, id: string)
	{
	if ( Cluster::local_node_type() == Cluster::WORKER )
		schedule 1sec { start() };
	}

event Cluster::node_down(name: string, id: string)
	{
	terminate();
	}
@endif
