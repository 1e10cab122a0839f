package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"qunce/internal/app"
	"qunce/internal/clock"
	"qunce/internal/demo"
	"qunce/internal/wecom/sim"
)

// simFlags are the command line of a simulator that stands alone.
type simFlags struct {
	listen, world, data, callback, url, record, deliver string
	speed                                               float64
	asJSON, retryRefused, noFsync, stdin                bool
	records                                             int
	keys                                                sim.Keys
	given                                               map[string]bool // the flags that were given expressly
}

func runSim(ctx context.Context, args []string) error {
	if len(args) > 0 && args[0] == "world" {
		return simWorld(args[1:])
	}
	f, err := parseSim(args)
	if err != nil {
		return err
	}
	if f.stdin {
		return demo.RunSim(ctx, io.LimitReader(os.Stdin, 1<<20), os.Stderr)
	}
	opt, err := f.options(clock.Wall().Now())
	if err != nil {
		return err
	}
	if f.world != "" && sim.Used(opt.Dir) {
		fmt.Fprintln(os.Stderr, f.worldKept())
	}
	opt.Opened = func(s sim.Sandbox) { f.announce(os.Stdout, s) }
	return sim.Run(ctx, opt)
}

func parseSim(args []string) (simFlags, error) {
	var f simFlags
	fs := flag.NewFlagSet("sim", flag.ContinueOnError)
	fs.StringVar(&f.listen, "listen", "127.0.0.1:9090", "监听地址；端口 0 任选一个 address to listen on; port 0 picks one")
	fs.StringVar(&f.world, "world", "", "人群文件；不给则用内置的小连锁 population file; a small chain without it")
	fs.StringVar(&f.data, "data", "", "数据文件夹，默认 ./qunce-sim folder of the log and the keys (default ./qunce-sim)")
	fs.Float64Var(&f.speed, "speed", 1, "每秒走多少模拟秒 simulated seconds a second")
	fs.BoolVar(&f.asJSON, "json", false, "就绪时只向标准输出写一行 JSON print one line of JSON when ready, and nothing else")
	fs.StringVar(&f.callback, "callback", "", "回调地址；也可以以后在控制页设置 where callbacks go; may be set later on the control page")
	fs.StringVar(&f.deliver, "deliver", "documented", "回调怎样送：documented 按文档 5 秒、3 次重试；until-answered 直到应答 how callbacks are tried")
	fs.BoolVar(&f.retryRefused, "retry-refused", false, "documented 时，HTTP 200 以外的应答也重试 with documented: try again after an answer other than 200")
	fs.StringVar(&f.url, "url", "", "浏览器和客户端访问它的地址，默认由监听地址得出 how it is reached from elsewhere, e.g. http://sandbox.lan:9090")
	fs.StringVar(&f.record, "record", "", "把每个请求和回调写进这个 JSONL 文件 append every request and callback to this file")
	fs.IntVar(&f.records, "records", 0, "控制页保留多少条记录，默认 5000 records kept for the control page (default 5000)")
	fs.StringVar(&f.keys.CorpID, "corp-id", "", "企业 ID；以下各项不给则首次启动时生成并保存 corp id; this and the following are made at the first start and kept")
	fs.StringVar(&f.keys.Secret, "secret", "", "应用的 secret the app's secret")
	fs.IntVar(&f.keys.AgentID, "agent-id", 0, "应用的 agentid the app's agent id")
	fs.StringVar(&f.keys.Token, "token", "", "回调的 Token of the callback")
	fs.StringVar(&f.keys.AESKey, "aes-key", "", "回调的 EncodingAESKey，43 位 of the callback, 43 characters")
	fs.BoolVar(&f.noFsync, "no-fsync", false, "不落盘同步，更快，断电会丢 no fsync: faster, loses the end in a power cut")
	fs.BoolVar(&f.stdin, "stdin", false, "从标准输入读取 JSON 配置，由别的程序推进时钟 read the configuration as JSON from standard input; somebody else drives the clock")
	if err := fs.Parse(args); err != nil {
		return f, usageError(err)
	}
	f.given = map[string]bool{}
	fs.Visit(func(one *flag.Flag) { f.given[one.Name] = true })
	switch {
	case fs.NArg() > 0:
		return f, fmt.Errorf("sim 不接受参数 %q sim takes no argument %q", fs.Arg(0), fs.Arg(0))
	case f.deliver != "documented" && f.deliver != "until-answered":
		return f, fmt.Errorf("--deliver 只能是 documented 或 until-answered，不是 %q --deliver must be documented or until-answered", f.deliver)
	case f.speed <= 0 || f.speed > 100_000:
		return f, errors.New("--speed 要大于 0，不超过 100000 --speed must be above 0, at most 100000")
	}
	return f, nil
}

// options reads the world and the keys. A folder that was used before goes on with its own world.
func (f *simFlags) options(now time.Time) (sim.Options, error) {
	if f.data == "" {
		f.data = "qunce-sim"
	}
	k, err := sim.OpenKeys(f.data, f.keys)
	if err != nil {
		return sim.Options{}, err
	}
	world := sim.Example(now)
	world.Follow = true
	if f.world != "" {
		w, err := readWorld(f.world, now)
		if err != nil {
			return sim.Options{}, err
		}
		world = *w
	}
	opt := sim.Options{
		Listen: f.listen, Dir: filepath.Join(f.data, "log"), World: &world, CallbackURL: f.callback, Token: k.Token, EncodingAESKey: k.AESKey,
		CorpID: k.CorpID, Secret: k.Secret, ContactsSecret: k.ContactsSecret, ArchiveSecret: k.ArchiveSecret, AgentID: k.AgentID,
		Log: os.Stderr, BrowserBase: f.url, Durable: !f.noFsync, Records: f.records, RecordFile: f.record,
		Standalone: true, Speed: f.speed, Documented: f.deliver == "documented", RetryRefused: f.retryRefused, Phone: app.Phone,
		Insist: f.insist,
	}
	if !sim.Loopback(f.listen) {
		opt.ControlToken = k.ControlToken
	}
	return opt, nil
}

// insist puts what was given expressly over what was saved on the control page.
func (f *simFlags) insist(r *sim.Receiver) {
	for name, put := range map[string]func(){
		"callback": func() { r.URL = f.callback }, "token": func() { r.Token = f.keys.Token }, "aes-key": func() { r.AESKey = f.keys.AESKey },
		"deliver": func() { r.Documented = f.deliver == "documented" }, "retry-refused": func() { r.RetryRefused = f.retryRefused },
	} {
		if f.given[name] {
			put()
		}
	}
}

// worldKept says that the population file is not used, and how it would be.
func (f *simFlags) worldKept() string {
	return fmt.Sprintf("--world 没有用上：%[1]s 里已经有一个世界，接着它走；要从 %[2]s 开始，用 --data 换一个文件夹 --world is not used: %[1]s holds a world already and goes on with it; to begin with %[2]s name another folder with --data", f.data, f.world)
}

// announce tells how the simulator is reached.
func (f *simFlags) announce(out io.Writer, s sim.Sandbox) {
	if f.asJSON {
		_ = json.NewEncoder(out).Encode(s) // a closed pipe is the reader's own choice
		return
	}
	fmt.Fprintf(out, "企业微信模拟器已就绪 the WeCom simulator is ready\n")
	for _, row := range [][2]string{
		{"接口地址 base url", s.BaseURL}, {"控制页 control page", s.ControlURL}, {"corp_id", s.CorpID}, {"agent_id", fmt.Sprint(s.AgentID)}, {"secret", s.Secret},
		{"contacts_secret", s.ContactsSecret}, {"archive_secret", s.ArchiveSecret}, {"token", s.Token}, {"encoding_aes_key", s.AESKey},
	} {
		fmt.Fprintf(out, "  %-24s %s\n", row[0], row[1])
	}
	if s.Unrated {
		fmt.Fprintf(out, "  没有接口频率限制，不会因为调用太多答 45009；要有就在人群文件里写 limits.real_rates，或在控制页打开 no API rate limit, hence no 45009 for too many calls: set limits.real_rates in the population file or on the control page\n")
	}
	fmt.Fprintf(out, "  数据在 %s，按 Ctrl+C 停止 data is in %s, stop with Ctrl+C\n", f.data, f.data)
}

func readWorld(name string, now time.Time) (*sim.World, error) {
	in, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { _ = in.Close() }()
	return sim.ReadWorld(in, now)
}

// simWorld prints an example of a population file, or checks one.
func simWorld(args []string) error {
	fs := flag.NewFlagSet("sim world", flag.ContinueOnError)
	example := fs.Bool("example", false, "打印内置世界，作为人群文件的样子 print the built-in world as an example")
	check := fs.String("check", "", "检查一个人群文件 check a population file")
	if err := fs.Parse(args); err != nil {
		return usageError(err)
	}
	now := clock.Wall().Now()
	switch {
	case *example:
		w := sim.Example(time.Date(2026, 3, 2, 8, 0, 0, 0, clock.Shanghai))
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		enc.SetEscapeHTML(false)
		return enc.Encode(w)
	case *check != "":
		w, err := readWorld(*check, now)
		if err != nil {
			return err
		}
		n := w.Counted()
		fmt.Printf("没有问题 all right: %d 个部门 departments, %d 名员工 members, %d 位顾客 people, %d 个群 groups\n", n.Departments, n.Members, n.People, n.Groups)
		return nil
	}
	fs.Usage()
	return errUsage
}
