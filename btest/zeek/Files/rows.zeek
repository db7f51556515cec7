# Once the cluster is complete, each worker writes 500 rows to rows.log and ends. The loggers end
# when no worker is left, and the manager last.

@load ./complete

redef Complete::ends = F;
redef Log::flush_interval = 0.01 sec;
redef Log::write_buffer_size = 10;

module Rows;

export {
	redef enum Log::ID += { LOG };

	type Row: record {
		node: string &log;
		n: count &log;
	};
}

global workers = 0;
global loggers = 0;

event zeek_init()
	{
	Log::create_stream(LOG, [$columns=Row, $path="rows"]);
	}

# In several turns of the main loop, so that batches leave in between.
event write(first: count)
	{
	local n = first;

	while ( ++n <= first + 10 )
		Log::write(LOG, Row($node=Cluster::node, $n=n - 1));

	if ( n <= 500 )
		event write(n - 1);
	else
		terminate();
	}

event Complete::all()
	{
	if ( Cluster::local_node_type() == Cluster::WORKER )
		event write(1);
	}

event Cluster::node_up(name: string, id: string)
	{
	if ( Cluster::nodes[name]$node_type == Cluster::WORKER )
		++workers;
	else if ( Cluster::nodes[name]$node_type == Cluster::LOGGER )
		++loggers;
	}

event Cluster::node_down(name: string, id: string)
	{
	if ( Cluster::nodes[name]$node_type == Cluster::WORKER )
		--workers;
	else if ( Cluster::nodes[name]$node_type == Cluster::LOGGER )
		--loggers;

	switch ( Cluster::local_node_type() ) {
	case Cluster::LOGGER:
		if ( workers == 0 )
			terminate();
		break;
	case Cluster::MANAGER:
		if ( workers + loggers == 0 )
			terminate();
		break;
	default:
		break;
	}
	}
