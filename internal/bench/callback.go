package bench

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"

	"qunce/internal/clock"
	"qunce/internal/event"
	"qunce/internal/inbox"
	"qunce/internal/pg"
	"qunce/internal/wecom/callback"
)

// What WeCom and the corp would have agreed upon.
const (
	corpID = "wwbench000000000000"
	token  = "bench"
	aesKey = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"
)

// freshness is how old a signature may be; the bodies are sealed before the clock of a measurement starts.
const freshness = time.Hour

// callbacks are the events of customers who add a member of staff, sealed and signed, as whole HTTP requests.
type callbacks struct {
	requests [][]byte
	events   []callback.Event
}

// makeCallbacks seals n events about different people, beginning with the person first.
func makeCallbacks(first, n int, now time.Time) (callbacks, error) {
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	if err != nil {
		return callbacks{}, err
	}
	rng := rand.New(rand.NewPCG(1, uint64(first))) //nolint:gosec // the same work in every run; nothing is secret
	c := callbacks{requests: make([][]byte, 0, n), events: make([]callback.Event, 0, n)}
	ts := strconv.FormatInt(now.Unix(), 10)
	for i := range n {
		plain := fmt.Appendf(nil, `<xml><ToUserName><![CDATA[%s]]></ToUserName><FromUserName><![CDATA[sys]]></FromUserName>`+
			`<CreateTime>%s</CreateTime><MsgType><![CDATA[event]]></MsgType><Event><![CDATA[change_external_contact]]></Event>`+
			`<ChangeType><![CDATA[add_external_contact]]></ChangeType><UserID><![CDATA[staff%04d]]></UserID>`+
			`<ExternalUserID><![CDATA[wmbench%025d]]></ExternalUserID><State><![CDATA[c%012x]]></State></xml>`,
			corpID, ts, i%1500, first+i, rng.Uint64N(1<<40))
		ev, err := callback.Parse(plain)
		if err != nil {
			return callbacks{}, err
		}
		var random [16]byte
		binary.LittleEndian.PutUint64(random[:8], rng.Uint64())
		binary.LittleEndian.PutUint64(random[8:], rng.Uint64())
		nonce := hex.EncodeToString(random[:5])
		body, sig := crypto.Encrypt(plain, ts, nonce, random)
		c.events = append(c.events, ev)
		c.requests = append(c.requests, fmt.Appendf(nil, "POST /callback?msg_signature=%s&timestamp=%s&nonce=%s HTTP/1.1\r\n"+
			"Host: bench\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n%s", sig, ts, nonce, len(body), body))
	}
	return c, nil
}

// callbackFigures measures the door: how many callbacks a second are durable behind a 200, and how long one waits.
func (r *run) callbackFigures(ctx context.Context) error {
	r.say("callbacks: preparing %d signed requests", r.callbacks+2*r.alone+r.busy)
	now := r.wall.Now()
	many, err := makeCallbacks(0, r.callbacks, now)
	if err != nil {
		return err
	}
	single, err := makeCallbacks(r.callbacks, r.alone, now)
	if err != nil {
		return err
	}
	busy, err := makeCallbacks(r.callbacks+r.alone, r.busy, now)
	if err != nil {
		return err
	}

	r.say("HTTP: an empty handler on %d connections", r.connections)
	empty, err := r.serve(ctx, http.HandlerFunc(func(_ http.ResponseWriter, req *http.Request) { _, _ = io.Copy(io.Discard, req.Body) }))
	if err != nil {
		return err
	}
	defer empty.close()
	ceiling, err := r.deliver(ctx, empty, many.requests, r.connections)
	if err != nil {
		return err
	}
	emptyAlone, err := r.deliver(ctx, empty, single.requests, 1)
	if err != nil {
		return err
	}

	in := inbox.New(r.db, r.ids, r.wall, r.log)
	ingest, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = in.Ingest(ingest) }()
	defer func() { stop(); <-done }()
	crypto, err := callback.NewCrypto(token, aesKey, corpID)
	if err != nil {
		return err
	}
	door, err := r.serve(ctx, inbox.NewIngress(in, crypto.Within(freshness, r.wall)))
	if err != nil {
		return err
	}
	defer door.close()

	r.say("callbacks: %d through the door on %d connections", r.callbacks, r.connections)
	ours, err := r.deliver(ctx, door, many.requests, r.connections)
	if err != nil {
		return err
	}
	if err := r.count(ctx, "inbox_event", r.callbacks); err != nil {
		return err
	}
	r.say("callbacks: %d one after the other", r.alone)
	idle, err := r.deliver(ctx, door, single.requests, 1)
	if err != nil {
		return err
	}

	rows := rowsOf(many.events)
	r.say("bare INSERT: %d rows on %d connections, a commit each", r.callbacks, r.connections)
	bare, err := r.bareInserts(ctx, rows, r.connections)
	if err != nil {
		return err
	}
	r.say("bare INSERT: %d rows in sets", r.callbacks)
	batched, err := r.batchedInserts(ctx, rows)
	if err != nil {
		return err
	}
	bareAlone, err := r.bareInserts(ctx, rowsOf(single.events), 1)
	if err != nil {
		return err
	}

	r.say("callbacks: %d while the workers are busy", r.busy)
	loaded, err := r.whileWorking(ctx, in, door, busy)
	if err != nil {
		return err
	}

	emptyP50, emptyP99 := quantiles(emptyAlone.took)
	bareP50, bareP99 := quantiles(bareAlone.took)
	idleP50, idleP99 := quantiles(idle.took)
	fullP50, fullP99 := quantiles(ours.took)
	loadP50, loadP99 := quantiles(loaded.took)
	at := fmt.Sprintf("（%d 个连接 connections）", r.connections)
	r.report.add("callback.rate", "回调落库：真实入口，验签、解密、去重、提交之后才应答 callbacks durable behind a 200"+at, "/s", ours.rate,
		Limit{Key: "insert.single", Title: "裸 INSERT，一行一次提交 bare INSERT, a commit each", Figure: bare.rate},
		Limit{Key: "insert.batched", Title: "裸 INSERT，成批提交 bare INSERT in sets", Figure: batched},
		Limit{Key: "http.empty", Title: "空处理器，无数据库 an empty handler, no database", Figure: ceiling.rate})
	limits := func(insert, empty float64) []Limit {
		return []Limit{
			{Key: "insert.single", Title: "一条裸 INSERT one bare INSERT", Figure: insert},
			{Key: "http.empty", Title: "空处理器 an empty handler", Figure: empty},
		}
	}
	r.report.add("callback.idle.p50", "回调应答，空闲，中位数 answer to a callback, idle, median", "ms", idleP50, limits(bareP50, emptyP50)...)
	r.report.add("callback.idle.p99", "回调应答，空闲，p99 answer to a callback, idle, p99", "ms", idleP99, limits(bareP99, emptyP99)...)
	r.report.add("callback.busy.p50", "回调应答，后台全忙，中位数 answer while the workers are busy, median", "ms", loadP50, limits(bareP50, emptyP50)...)
	r.report.add("callback.busy.p99", "回调应答，后台全忙，p99 answer while the workers are busy, p99", "ms", loadP99, limits(bareP99, emptyP99)...)
	manyP50, manyP99 := quantiles(bare.took)
	r.report.add("callback.full.p50", "回调应答，入口满载，中位数 answer at full rate, median"+at, "ms", fullP50,
		Limit{Key: "insert.single", Title: "裸 INSERT 满载 bare INSERT at full rate", Figure: manyP50})
	r.report.add("callback.full.p99", "回调应答，入口满载，p99 answer at full rate, p99"+at, "ms", fullP99,
		Limit{Key: "insert.single", Title: "裸 INSERT 满载 bare INSERT at full rate", Figure: manyP99})
	return nil
}

// whileWorking delivers on a few connections while the inbox's workers go through everything stored so far, each event
// becoming a recorded one: a transaction with several statements a set, as real handlers have.
func (r *run) whileWorking(ctx context.Context, in *inbox.Inbox, door *listener, c callbacks) (delivery, error) {
	if err := event.EnsurePartitions(ctx, r.db, r.wall.Now(), r.wall.Now()); err != nil {
		return delivery{}, err
	}
	bus := event.New(r.ids, clock.Wall())
	in.Register(callback.ExternalContact+"/"+callback.AddExternal, inbox.Handler{
		Apply: func(ctx context.Context, tx pg.Tx, evs []inbox.Event, _ any) error {
			list := make([]event.Event, len(evs))
			for i, e := range evs {
				list[i] = event.Event{Kind: "bench.added", At: e.At, CustomerID: e.ID, Key: "bench/" + strconv.FormatInt(e.ID, 10), CauseID: e.CauseID}
			}
			return bus.Publish(ctx, tx, list...)
		},
	})
	work, stop := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() { defer close(done); _ = in.Run(work, nil) }()
	defer func() { stop(); <-done }()
	return r.deliver(ctx, door, c.requests, min(8, r.connections))
}
