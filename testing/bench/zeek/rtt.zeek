##! A worker asks and the manager answers, script to script, one question at a time.

@load ./layout

module Bench;

export {
	## A question, and when it was asked.
	global ping: event(n: count, at: time);

	## Its answer.
	global pong: event(n: count, at: time);
}

const warm_up = 500;
const rounds = to_count(getenv("BENCH_COUNT"));

global times: vector of interval;

function ask(n: count)
	{
	Cluster::publish("bench/ping", ping, n, current_time());
	}

event ping(n: count, at: time)
	{
	Cluster::publish("bench/pong", pong, n, at);
	}

event pong(n: count, at: time)
	{
	if ( n >= warm_up )
		times += current_time() - at;
	if ( n + 1 < warm_up + rounds )
		{
		ask(n + 1);
		return;
		}
	sort(times);
	print fmt("result p50_us=%.3f p99_us=%.3f", interval_to_double(times[|times| / 2]) * 1e6,
	    interval_to_double(times[|times| * 99 / 100]) * 1e6);
	terminate();
	}

event start()
	{
	ask(0);
	}

event zeek_init()
	{
	if ( Cluster::local_node_type() == Cluster::MANAGER )
		Cluster::subscribe("bench/ping");
	else
		Cluster::subscribe("bench/pong");
	}

event Cluster::node_up(name: string, id: string)
	{
	if ( Cluster::local_node_type() == Cluster::WORKER )
		schedule 1sec { start() };
	}

event Cluster::node_down(name: string, id: string)
	{
	terminate();
	}
