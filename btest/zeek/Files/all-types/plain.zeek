# Plain values, sets and tables: each event is printed where it comes, and where it is sent.

@load ./types
@load ./show

module AllTypes;

## Where to publish.
global to = "";

event t_bool(label: string, v: bool)
	{
	print "bool", label, cat(v);
	}

function send_bool(label: string, v: bool)
	{
	if ( ! Cluster::publish(to, t_bool, label, v) )
		print "bool", label, "refused";
	else
		event t_bool(label, v);
	}

event t_count(label: string, v: count)
	{
	print "count", label, cat(v);
	}

function send_count(label: string, v: count)
	{
	if ( ! Cluster::publish(to, t_count, label, v) )
		print "count", label, "refused";
	else
		event t_count(label, v);
	}

event t_int(label: string, v: int)
	{
	print "int", label, cat(v);
	}

function send_int(label: string, v: int)
	{
	if ( ! Cluster::publish(to, t_int, label, v) )
		print "int", label, "refused";
	else
		event t_int(label, v);
	}

event t_double(label: string, v: double)
	{
	print "double", label, exact(v);
	}

function send_double(label: string, v: double)
	{
	if ( ! Cluster::publish(to, t_double, label, v) )
		print "double", label, "refused";
	else
		event t_double(label, v);
	}

event t_time(label: string, v: time)
	{
	print "time", label, exact(time_to_double(v));
	}

function send_time(label: string, v: time)
	{
	if ( ! Cluster::publish(to, t_time, label, v) )
		print "time", label, "refused";
	else
		event t_time(label, v);
	}

event t_interval(label: string, v: interval)
	{
	print "interval", label, exact(interval_to_double(v));
	}

function send_interval(label: string, v: interval)
	{
	if ( ! Cluster::publish(to, t_interval, label, v) )
		print "interval", label, "refused";
	else
		event t_interval(label, v);
	}

event t_string(label: string, v: string)
	{
	print "string", label, bytestring_to_hexstr(v);
	}

function send_string(label: string, v: string)
	{
	if ( ! Cluster::publish(to, t_string, label, v) )
		print "string", label, "refused";
	else
		event t_string(label, v);
	}

event t_pattern(label: string, v: pattern)
	{
	print "pattern", label, fmt("%s %s %s %s", v, v == "foo", v == "FOO", v in "a\nfoo");
	}

function send_pattern(label: string, v: pattern)
	{
	if ( ! Cluster::publish(to, t_pattern, label, v) )
		print "pattern", label, "refused";
	else
		event t_pattern(label, v);
	}

event t_enum(label: string, v: Color)
	{
	print "enum", label, cat(v);
	}

function send_enum(label: string, v: Color)
	{
	if ( ! Cluster::publish(to, t_enum, label, v) )
		print "enum", label, "refused";
	else
		event t_enum(label, v);
	}

event t_port(label: string, v: port)
	{
	print "port", label, cat(v);
	}

function send_port(label: string, v: port)
	{
	if ( ! Cluster::publish(to, t_port, label, v) )
		print "port", label, "refused";
	else
		event t_port(label, v);
	}

event t_addr(label: string, v: addr)
	{
	print "addr", label, cat(v);
	}

function send_addr(label: string, v: addr)
	{
	if ( ! Cluster::publish(to, t_addr, label, v) )
		print "addr", label, "refused";
	else
		event t_addr(label, v);
	}

event t_subnet(label: string, v: subnet)
	{
	print "subnet", label, cat(v);
	}

function send_subnet(label: string, v: subnet)
	{
	if ( ! Cluster::publish(to, t_subnet, label, v) )
		print "subnet", label, "refused";
	else
		event t_subnet(label, v);
	}

event t_set_count(label: string, v: set[count])
	{
	print "set_count", label, show_set_count(v);
	}

function send_set_count(label: string, v: set[count])
	{
	if ( ! Cluster::publish(to, t_set_count, label, v) )
		print "set_count", label, "refused";
	else
		event t_set_count(label, v);
	}

event t_set_pair(label: string, v: set[count, string])
	{
	print "set_pair", label, show_set_pair(v);
	}

function send_set_pair(label: string, v: set[count, string])
	{
	if ( ! Cluster::publish(to, t_set_pair, label, v) )
		print "set_pair", label, "refused";
	else
		event t_set_pair(label, v);
	}

event t_set_record(label: string, v: set[Key])
	{
	print "set_record", label, show_set_record(v);
	}

function send_set_record(label: string, v: set[Key])
	{
	if ( ! Cluster::publish(to, t_set_record, label, v) )
		print "set_record", label, "refused";
	else
		event t_set_record(label, v);
	}

event t_set_vector(label: string, v: set[vector of count])
	{
	print "set_vector", label, show_set_vector(v);
	}

function send_set_vector(label: string, v: set[vector of count])
	{
	if ( ! Cluster::publish(to, t_set_vector, label, v) )
		print "set_vector", label, "refused";
	else
		event t_set_vector(label, v);
	}

event t_set_pattern(label: string, v: set[pattern])
	{
	print "set_pattern", label, show_set_pattern(v);
	}

function send_set_pattern(label: string, v: set[pattern])
	{
	if ( ! Cluster::publish(to, t_set_pattern, label, v) )
		print "set_pattern", label, "refused";
	else
		event t_set_pattern(label, v);
	}

event t_set_subnet(label: string, v: set[subnet])
	{
	print "set_subnet", label, show_set_subnet(v);
	}

function send_set_subnet(label: string, v: set[subnet])
	{
	if ( ! Cluster::publish(to, t_set_subnet, label, v) )
		print "set_subnet", label, "refused";
	else
		event t_set_subnet(label, v);
	}

event t_set_enum(label: string, v: set[Color])
	{
	print "set_enum", label, show_set_enum(v);
	}

function send_set_enum(label: string, v: set[Color])
	{
	if ( ! Cluster::publish(to, t_set_enum, label, v) )
		print "set_enum", label, "refused";
	else
		event t_set_enum(label, v);
	}

event t_table_string(label: string, v: table[string] of count)
	{
	print "table_string", label, show_table_string(v);
	}

function send_table_string(label: string, v: table[string] of count)
	{
	if ( ! Cluster::publish(to, t_table_string, label, v) )
		print "table_string", label, "refused";
	else
		event t_table_string(label, v);
	}

event t_table_triple(label: string, v: table[addr, port, Color] of string)
	{
	print "table_triple", label, show_table_triple(v);
	}

function send_table_triple(label: string, v: table[addr, port, Color] of string)
	{
	if ( ! Cluster::publish(to, t_table_triple, label, v) )
		print "table_triple", label, "refused";
	else
		event t_table_triple(label, v);
	}

event t_table_vector(label: string, v: table[string] of vector of count)
	{
	print "table_vector", label, show_table_vector(v);
	}

function send_table_vector(label: string, v: table[string] of vector of count)
	{
	if ( ! Cluster::publish(to, t_table_vector, label, v) )
		print "table_vector", label, "refused";
	else
		event t_table_vector(label, v);
	}

event t_table_table(label: string, v: table[count] of table[string] of set[count])
	{
	print "table_table", label, show_table_table(v);
	}

function send_table_table(label: string, v: table[count] of table[string] of set[count])
	{
	if ( ! Cluster::publish(to, t_table_table, label, v) )
		print "table_table", label, "refused";
	else
		event t_table_table(label, v);
	}

event t_table_any(label: string, v: table[string] of any)
	{
	print "table_any", label, |v|, "a" in v, "b" in v;
	}

function send_table_any(label: string, v: table[string] of any)
	{
	if ( ! Cluster::publish(to, t_table_any, label, v) )
		print "table_any", label, "refused";
	else
		event t_table_any(label, v);
	}

event t_table_record(label: string, v: table[Key, count] of Leaf)
	{
	print "table_record", label, show_table_record(v);
	}

function send_table_record(label: string, v: table[Key, count] of Leaf)
	{
	if ( ! Cluster::publish(to, t_table_record, label, v) )
		print "table_record", label, "refused";
	else
		event t_table_record(label, v);
	}

event t_ordered(label: string, v: table[string] of count &ordered)
	{
	print "ordered", label, show_ordered(v);
	}

function send_ordered(label: string, v: table[string] of count &ordered)
	{
	if ( ! Cluster::publish(to, t_ordered, label, v) )
		print "ordered", label, "refused";
	else
		event t_ordered(label, v);
	}

event t_ordered_field(label: string, v: Ordered)
	{
	print "ordered_field", label, show_ordered(v$t);
	}

function send_ordered_field(label: string, v: Ordered)
	{
	if ( ! Cluster::publish(to, t_ordered_field, label, v) )
		print "ordered_field", label, "refused";
	else
		event t_ordered_field(label, v);
	}

event t_ordered_table(label: string, v: table[string] of count)
	{
	print "ordered_table", label, show_ordered(v);
	}

function send_ordered_table(label: string, v: table[string] of count)
	{
	if ( ! Cluster::publish(to, t_ordered_table, label, v) )
		print "ordered_table", label, "refused";
	else
		event t_ordered_table(label, v);
	}

event t_ordered_set(label: string, v: set[string, count])
	{
	print "ordered_set", label, show_ordered_set(v);
	}

function send_ordered_set(label: string, v: set[string, count])
	{
	if ( ! Cluster::publish(to, t_ordered_set, label, v) )
		print "ordered_set", label, "refused";
	else
		event t_ordered_set(label, v);
	}

event t_ordered_inside(label: string, v: vector of table[string] of count)
	{
	print "ordered_inside", label, show_ordered_inside(v);
	}

function send_ordered_inside(label: string, v: vector of table[string] of count)
	{
	if ( ! Cluster::publish(to, t_ordered_inside, label, v) )
		print "ordered_inside", label, "refused";
	else
		event t_ordered_inside(label, v);
	}
