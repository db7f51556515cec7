##! Finds options that contradict each other or the layout.

@load ./options

module Cluster::Backend::Zeekwire;

# What is wrong with the options, and what to do; empty if nothing is.
function wrong_options(): string
	{
	local nodes: vector of string;

	for ( name, _ in Cluster::nodes )
		nodes += name;

	for ( name in rendezvous )
		# A supervisor has no layout.
		if ( |nodes| > 0 && name !in Cluster::nodes )
			return fmt("rendezvous names '%s', which is no node of the layout; the layout has %s",
			           name, join_string_vec(sort(nodes, strcmp), ", "));

	if ( forwarding_rules && ! forwards_for_others )
		return "forwarding_rules = T and forwards_for_others = F exclude each other: the rules say what "
		       + "is passed on";

	if ( receive_policy == DISCONNECT )
		return "receive_policy = DISCONNECT has nobody to disconnect: choose BLOCK, DROP_OLDEST or "
		       + "DROP_NEWEST";

	return "";
	}
