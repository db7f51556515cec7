# Values as text: exact, and the same in each process, whatever order its tables have.

@load ./types

module AllTypes;

# Doubles with all their digits, zero with its sign.
function exact(d: double): string
	{
	return fmt("%.17g", d);
	}

function sorted(v: vector of string): string
	{
	sort(v, strcmp);
	return fmt("%d: %s", |v|, join_string_vec(v, " "));
	}

function show_set_count(v: set[count]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	return sorted(r);
	}

function show_set_pair(v: set[count, string]): string
	{
	local r: vector of string;
	for ( [c, s] in v )
		r += cat(c, "/", s);
	return sorted(r);
	}

function show_set_record(v: set[Key]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	return sorted(r);
	}

function show_set_vector(v: set[vector of count]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	return sorted(r);
	}

function show_set_pattern(v: set[pattern]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	return sorted(r);
	}

function show_set_subnet(v: set[subnet]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	# Lookups by address take the table of prefixes, too.
	return cat(sorted(r), " ", 10.1.2.3 in v, " ", [2001:db8::1] in v, " ", 9.9.9.9 in v);
	}

function show_set_enum(v: set[Color]): string
	{
	local r: vector of string;
	for ( x in v )
		r += cat(x);
	return sorted(r);
	}

function show_table_string(v: table[string] of count): string
	{
	local r: vector of string;
	for ( k, x in v )
		r += cat(k, "=", x);
	return sorted(r);
	}

function show_table_triple(v: table[addr, port, Color] of string): string
	{
	local r: vector of string;
	for ( [a, p, c], x in v )
		r += cat(a, "/", p, "/", c, "=", x);
	return sorted(r);
	}

function show_table_vector(v: table[string] of vector of count): string
	{
	local r: vector of string;
	for ( k, x in v )
		r += cat(k, "=", x);
	return sorted(r);
	}

function show_table_table(v: table[count] of table[string] of set[count]): string
	{
	local r: vector of string;
	for ( k, inner in v )
		for ( j, x in inner )
			r += cat(k, "/", j, "=", show_set_count(x));
	return sorted(r);
	}

function show_table_record(v: table[Key, count] of Leaf): string
	{
	local r: vector of string;
	for ( [k, c], x in v )
		r += cat(k, "/", c, "=", x);
	return sorted(r);
	}

# As they come: the order is what counts.
function show_ordered(v: table[string] of count): string
	{
	local r: vector of string;
	for ( k, x in v )
		r += cat(k, "=", x);
	return join_string_vec(r, " ");
	}

function show_ordered_set(v: set[string, count]): string
	{
	local r: vector of string;
	for ( [s, c] in v )
		r += cat(s, "/", c);
	return join_string_vec(r, " ");
	}

function show_ordered_inside(v: vector of table[string] of count): string
	{
	local r: vector of string;
	for ( _, x in v )
		r += show_ordered(x);
	return join_string_vec(r, " | ");
	}

function show_vector_double(v: vector of double): string
	{
	local r: vector of string;
	for ( _, x in v )
		r += exact(x);
	return join_string_vec(r, " ");
	}

function show_vector_set(v: vector of set[count]): string
	{
	local r: vector of string;
	for ( _, x in v )
		r += show_set_count(x);
	return join_string_vec(r, " | ");
	}

function show_vector_func(v: vector of function(c: count): string): string
	{
	local r: vector of string;
	for ( _, f in v )
		r += f(3);
	return join_string_vec(r, " ");
	}

function finish_md5(h: opaque of md5): string
	{
	md5_hash_update(h, "tail");
	return md5_hash_finish(h);
	}

function finish_sha1(h: opaque of sha1): string
	{
	sha1_hash_update(h, "tail");
	return sha1_hash_finish(h);
	}

function finish_sha224(h: opaque of sha224): string
	{
	sha224_hash_update(h, "tail");
	return sha224_hash_finish(h);
	}

function finish_sha256(h: opaque of sha256): string
	{
	sha256_hash_update(h, "tail");
	return sha256_hash_finish(h);
	}

function finish_sha384(h: opaque of sha384): string
	{
	sha384_hash_update(h, "tail");
	return sha384_hash_finish(h);
	}

function finish_sha512(h: opaque of sha512): string
	{
	sha512_hash_update(h, "tail");
	return sha512_hash_finish(h);
	}

function finish_entropy(h: opaque of entropy): string
	{
	entropy_test_add(h, "tail");
	return cat(entropy_test_finish(h));
	}

# Its name alone.
function show_event(e: event(label: string)): string
	{
	return split_string(cat(e), /[^a-zA-Z_:]/)[0];
	}

function show_every(v: Every): string
	{
	local r: vector of string;

	if ( v?$b ) r += cat("b=", v$b);
	if ( v?$i ) r += cat("i=", v$i);
	if ( v?$c ) r += cat("c=", v$c);
	if ( v?$d ) r += cat("d=", exact(v$d));
	if ( v?$t ) r += cat("t=", exact(time_to_double(v$t)));
	if ( v?$n ) r += cat("n=", exact(interval_to_double(v$n)));
	if ( v?$s ) r += cat("s=", v$s);
	if ( v?$p ) r += cat("p=", v$p);
	if ( v?$e ) r += cat("e=", v$e);
	if ( v?$o ) r += cat("o=", v$o);
	if ( v?$a ) r += cat("a=", v$a);
	if ( v?$u ) r += cat("u=", v$u);
	if ( v?$x ) r += "x is set";
	if ( v?$sc ) r += cat("sc=", show_set_count(v$sc));
	if ( v?$tc ) r += cat("tc=", |v$tc|);
	if ( v?$vc ) r += cat("vc=", v$vc);
	if ( v?$r ) r += cat("r=", v$r);
	if ( v?$f ) r += cat("f=", v$f(1));
	if ( v?$h ) r += cat("h=", finish_md5(v$h));

	return fmt("%d fields: %s", |r|, join_string_vec(r, " "));
	}
