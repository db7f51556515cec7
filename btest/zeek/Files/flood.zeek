# A flood of numbered events, from the node whose FLOOD is "source", to nodes whose FLOOD is
# "steady" or "slow". A steady one acknowledges chunks, so that it never falls behind.
#
# Commands on the topic "control/": flood_begin, flood_end, flood_metrics.

@load base/frameworks/telemetry

module Flood;

export {
	## Attempts to publish, in all.
	const attempts_max = 20000 &redef;

	## Whether the source waits for acknowledgements.
	const paced = T &redef;

	## How long a slow node works on an event.
	const slow_work = 0 usec &redef;

	## A kilobyte with the number.
	global numbered: event(number: count, ballast: string);

	## The last number of a chunk arrived.
	global acknowledged: event(number: count);

	## Comes after all numbers, again and again until everybody has seen one.
	global mark: event();

	global flood_begin: event();
	global flood_end: event();
	global flood_metrics: event();
}

const role = getenv("FLOOD");
global ballast = "0123456789";
const chunk_size = 100;

global attempts = 0;
global accepted = 0;
global refused = 0;

event next_chunk()
	{
	if ( attempts == attempts_max )
		{
		print fmt("published %d, refused %d", accepted, refused);
		return;
		}

	local accepted_before = accepted;
	local n = 0;

	while ( ++n <= chunk_size )
		{
		++attempts;

		if ( Cluster::publish("flood/to-all/numbers", numbered, accepted, ballast) )
			++accepted;
		else
			++refused;
		}

	# Otherwise the acknowledgement goes on.
	if ( ! paced || accepted == accepted_before )
		schedule 1 msec { next_chunk() };
	}

event acknowledged(number: count)
	{
	if ( paced && number + 1 == accepted )
		event next_chunk();
	}

event flood_begin()
	{
	if ( role == "source" )
		event next_chunk();
	}

event next_mark()
	{
	Cluster::publish("flood/to-all/mark", mark);
	schedule 50 msec { next_mark() };
	}

event flood_end()
	{
	if ( role == "source" )
		event next_mark();
	}

event flood_metrics()
	{
	for ( _, metric in Telemetry::collect_metrics("zeek", "cluster_zeekwire_*") )
		{
		if ( metric$value == 0.0 )
			next;

		local labels: vector of string = vector();

		for ( i, label in metric?$label_values ? metric$label_values : vector() )
			if ( metric$label_names[i] != "node" )
				labels += fmt("%s=%s", metric$label_names[i], label);

		print fmt("metric %s %s %.0f", metric$opts$name, join_string_vec(labels, ","), metric$value);
		}

	print "metrics end";
	}

# What a receiver saw: how many, the first and the last number, how many gaps.
global received = 0;
global first = 0;
global last = 0;
global gaps = 0;
global told = F;

event numbered(number: count, b: string)
	{
	if ( received == 0 )
		first = number;
	else if ( number != last + 1 )
		++gaps;

	last = number;
	++received;

	if ( role == "steady" )
		Cluster::publish("flood/acknowledged", acknowledged, number);
	else if ( slow_work > 0 sec )
		{
		local until = current_time() + slow_work;

		while ( current_time() < until )
			;
		}
	}

event mark()
	{
	if ( ! told )
		print fmt("received %d first %d last %d gaps %d", received, first, last, gaps);

	told = T;
	}

event zeek_init()
	{
	while ( |ballast| < 1000 )
		ballast += ballast;

	Cluster::subscribe("control/");

	if ( role == "source" )
		Cluster::subscribe("flood/acknowledged");
	else
		Cluster::subscribe("flood/to-all/");
	}
