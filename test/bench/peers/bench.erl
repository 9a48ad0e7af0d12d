%% Messages and round trips between processes of one BEAM. Asked on stdin ("Op Size N Pairs"), answers "ok Ns": timed
%% here, so that the pipe to whoever asks is no part of it.
-module(bench).
-export([main/0]).

main() ->
    io:setopts([{binary, false}]),
    io:format("ready~n"),
    loop().

loop() ->
    case io:get_line("") of
        eof -> halt(0);
        Line ->
            [Op, Size, N, Pairs] = string:tokens(string:trim(Line), " "),
            Ns = run(Op, list_to_integer(Size), list_to_integer(N), list_to_integer(Pairs)),
            io:format("ok ~w~n", [Ns]),
            loop()
    end.

run(Op, Size, Each, Pairs) ->
    Data = body(Size),
    Main = self(),
    Servers = [spawn(server(Op)) || _ <- lists:seq(1, Pairs)],
    From = erlang:monotonic_time(nanosecond),
    [spawn(fun() -> client(Op, Server, Data, Each), Main ! done end) || Server <- Servers],
    [receive done -> ok end || _ <- Servers],
    Ns = erlang:monotonic_time(nanosecond) - From,
    [exit(Server, kill) || Server <- Servers],
    Ns.

body(0) -> none;
body(Size) -> binary:copy(<<7>>, Size).

server("rpc") -> fun echo/0;
server("oneWay") -> fun() -> receive {count, From, N} -> count(N), From ! done end end.

echo() -> receive {From, I, Data} -> From ! {I, Data}, echo() end.

count(0) -> ok;
count(N) -> receive {_, _, _} -> count(N - 1) end.

client("rpc", Server, Data, N) -> ask(Server, Data, N);
client("oneWay", Server, Data, N) ->
    Server ! {count, self(), N},
    tell(Server, Data, N),
    receive done -> ok end.

tell(_, _, 0) -> ok;
tell(Server, Data, N) -> Server ! {self(), N, Data}, tell(Server, Data, N - 1).

ask(_, _, 0) -> ok;
ask(Server, Data, N) -> Server ! {self(), N, Data}, receive {N, _} -> ask(Server, Data, N - 1) end.
