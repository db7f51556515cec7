##! A worker publishes BENCH_COUNT events of six arguments without a pause; the manager counts them.

@load ./layout

module Bench;

export {
	## One of the flood.
	global flood: event(n: count, at: time, host: addr, service: port, name: string, share: double);

	## No more will come.
	global finish: event(attempted: count);

	## How many came, and what that took at the receiver.
	global finished: event(received: count, seconds: interval, cpu: interval, grown: double);
}

global topic = "bench/flood";
global total = to_count(getenv("BENCH_COUNT"));
global before: Usage;

# Bytes that this process held at most, beyond what it held before.
function growth(now: Usage): double
	{
	return count_to_double(now$mem) - count_to_double(before$mem);
	}

# The receiver.

global received = 0;
global first: time;
global seconds_taken = 0secs;

event flood(n: count, at: time, host: addr, service: port, name: string, share: double)
	{
	if ( received == 0 )
		first = current_time();
	++received;
	}

event finish(attempted: count)
	{
	local now = usage();
	# It follows the last of the flood, and is asked for until an answer has come.
	if ( seconds_taken == 0secs )
		seconds_taken = current_time() - first;
	Cluster::publish("bench/result", finished, received, seconds_taken, now$cpu - before$cpu,
	    growth(now));
	}

# The sender.

global refused = 0;
global seconds: interval;
global over = F;

event ask_for_result()
	{
	if ( over )
		return;
	Cluster::publish(topic, finish, total);
	schedule 100msec { ask_for_result() };
	}

event start_flood()
	{
	before = usage();
	local host = 192.0.2.1;
	local service = 443/tcp;
	local began = current_time();
	local n = 0;
	while ( n < total )
		{
		if ( ! Cluster::publish(topic, flood, n, began, host, service, "a name of some length", 0.25) )
			++refused;
		++n;
		}
	seconds = current_time() - began;
	event ask_for_result();
	}

event finished(received: count, receiver_seconds: interval, cpu: interval, grown: double)
	{
	if ( over )
		return;
	over = T;
	local now = usage();
	print fmt("result attempted=%d refused=%d received=%d publish_s=%.6f receive_s=%.6f cpu_s=%.6f grown_bytes=%.0f",
	    total, refused, received, interval_to_double(seconds), interval_to_double(receiver_seconds),
	    interval_to_double(now$cpu - before$cpu + cpu), growth(now) + grown);
	terminate();
	}

event zeek_init()
	{
	if ( Cluster::local_node_type() == Cluster::MANAGER )
		Cluster::subscribe(topic);
	else
		Cluster::subscribe("bench/result");
	}

event Cluster::node_up(name: string, id: string)
	{
	before = usage();
	if ( Cluster::local_node_type() == Cluster::WORKER )
		schedule 1sec { start_flood() };
	}

event Cluster::node_down(name: string, id: string)
	{
	terminate();
	}
