##! The logic of the Zeekwire cluster backend: who listens, who connects, who is up.

@load ./checks
@load ./options
@load ./status
@load ./topology

module Cluster::Backend::Zeekwire;

# zeekctl looks at scripts and prints values with processes that must not join the cluster.
function stays_out(): bool
	{
	return Cluster::backend != Cluster::CLUSTER_BACKEND_ZEEKWIRE
	       || getenv("ZEEKCTL_CHECK_CONFIG") != ""
	       || getenv("ZEEKCTL_DISABLE_LISTEN") != "";
	}

event zeek_init() &priority=10
	{
	if ( stays_out() )
		return;

	local wrong = node_name() == "" ? "" : wrong_options();

	if ( wrong != "" )
		Reporter::fatal(fmt("Zeekwire: %s", wrong));

	# Why was reported.
	if ( ! Cluster::init() )
		Reporter::fatal("Zeekwire: cannot start");
	}

# After the subscriptions to the node's own topics, at -5: others see it up with these in effect.
event zeek_init() &priority=-10
	{
	if ( stays_out() || node_name() == "" )
		return;

	local listens_at = endpoints_to_listen_at();
	local connects_to_all = endpoints_to_connect_to();

	if ( |listens_at| + |connects_to_all| == 0 && |Cluster::nodes| > 1 )
		Reporter::warning("Zeekwire: this node neither listens nor connects, as no node of the layout "
		                  + "is a rendezvous: redef Cluster::Backend::Zeekwire::rendezvous, or load "
		                  + "only options.zeek for a topology of your own");

	for ( _, location in listens_at )
		if ( listen(location) == "" )
			{
			if ( last_error_name() == "ZW_NOT_LOCAL" )
				Reporter::fatal(fmt("Zeekwire: %s. On a network that is yours alone: "
				                    + "redef Cluster::Backend::Zeekwire::allow_insecure_remote = T;",
				                    last_error()));
			else
				Reporter::fatal(fmt("Zeekwire: %s", last_error()));
			}

	for ( _, location in connects_to_all )
		if ( connect(location) == 0 )
			Reporter::fatal(fmt("Zeekwire: cannot connect to %s: %s", location, last_error()));

	links_opened();
	}

# Members that are no nodes of the layout concern whoever handles member_up().
event member_up(name: string, id: string, labels: string_vec) &priority=10
	{
	if ( name in Cluster::nodes )
		event Cluster::hello(name, id);
	}

# The node's $id says nothing here: Cluster::hello() may still be in the queue before this.
event member_down(name: string, id: string) &priority=10
	{
	if ( name in Cluster::nodes )
		event Cluster::node_down(name, id);
	}

event name_taken(name: string)
	{
	Reporter::error(fmt("Zeekwire: another node named '%s' is in the cluster, leaving it", name));
	terminate();
	}

# A peer that refuses this node says why, and that rarely gets better by itself. It does where the
# node was restarted and its former life is not quite over.
const refusal_report_delay = 2 sec;

# Since when connections fail; gone once they were reported.
global failing_since: table[count] of time;
global reported: set[count];

event link_up(link: count, peer: string, endpoint: string)
	{
	delete failing_since[link];
	delete reported[link];
	}

event link_down(link: count, peer: string, endpoint: string, reason: string)
	{
	if ( link == 0 || link in reported || zeek_is_terminating() )
		return;

	if ( link !in failing_since )
		failing_since[link] = current_time();

	local delay = /^refused by the peer/ in reason ? refusal_report_delay : connect_report_delay;

	if ( current_time() - failing_since[link] < delay )
		return;

	add reported[link];
	Reporter::warning(fmt("Zeekwire: no link to %s for %s: %s", endpoint, delay, reason));
	}
