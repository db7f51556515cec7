# Values of no declared type, and events of several arguments or none.

@load ./types
@load ./plain

module AllTypes;

export {
	## Whether the receiver sees an `any` as a value of its own type.
	const expect_concrete = F &redef;
}

event t_any(label: string, v: any)
	{
	print "any", label, type_name(v), cat(v);
	}

event t_vector_any(label: string, v: vector of any)
	{
	for ( i, x in v )
		print "vector_any", label, i, type_name(x), cat(x);
	}

event t_many(a: bool, b: count, c: string, d: vector of Tree, e: any, f: set[addr, port])
	{
	print "many", a, b, c, d, type_name(e), e, |f|, [1.2.3.4, 5/udp] in f;
	}

event t_none()
	{
	print "none";
	}

# What the receiver will see of an any.
function seen(v: any): any
	{
	if ( expect_concrete )
		return v;

	return Broker::__data(v);
	}

function send_any(label: string, v: any)
	{
	if ( ! Cluster::publish(to, t_any, label, v) )
		print "any", label, "refused";
	else
		event t_any(label, seen(v));
	}

function send_vector_any(label: string, v: vector of any)
	{
	if ( ! Cluster::publish(to, t_vector_any, label, v) )
		{
		print "vector_any", label, "refused";
		return;
		}

	local s: vector of any;
	for ( i, x in v )
		s[i] = seen(x);
	event t_vector_any(label, s);
	}
