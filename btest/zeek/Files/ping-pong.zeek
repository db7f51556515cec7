# Events of which a node knows what they look like, whether it handles them or not.

global ping: event(text: string, number: count) &is_used;
global pong: event(text: string, number: count) &is_used;
