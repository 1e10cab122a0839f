package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"qunce/internal/actor"
	"qunce/internal/app"
	"qunce/internal/auth"
	"qunce/internal/config"
	"qunce/internal/corp"
	"qunce/internal/doctor"
	"qunce/internal/errs"
	"qunce/internal/intake"
	"qunce/internal/pg"
	"qunce/internal/tenant"
)

// open reads the configuration of a subcommand's flags and opens the process. Tools use the private PostgreSQL of a
// running server, if there is one.
func open(ctx context.Context, fs *flag.FlagSet, flags *config.Flags, args []string) (*app.App, error) {
	flags.Register(fs)
	if err := fs.Parse(args); err != nil {
		return nil, usageError(err)
	}
	cfg, err := flags.Load(config.Environ())
	if err != nil {
		return nil, err
	}
	log, err := logger(cfg.LogLevel, cfg.LogFormat)
	if err != nil {
		return nil, err
	}
	return app.Open(ctx, app.Options{Config: cfg, Log: log, Durable: true, Attach: fs.Name() != "serve"})
}

// theCorp is the corp that this installation serves.
func theCorp(ctx context.Context, a *app.App) (*corp.Corp, error) {
	list, err := a.Tenant.List(ctx)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, errs.E(errs.Conflict, "app.no_corp", "no corp is registered; run: qunce corp add")
	}
	return a.Corp(ctx, list[0], nil)
}

func serve(ctx context.Context, args []string) error {
	a, err := open(ctx, flag.NewFlagSet("serve", flag.ContinueOnError), &config.Flags{}, args)
	if err != nil {
		return err
	}
	defer a.Close()
	ln, err := net.Listen("tcp", a.Config.Listen)
	if err != nil {
		return errs.E(errs.Unavailable, "app.listen", "cannot listen on %s", a.Config.Listen).Wrap(err)
	}
	go a.Watch(ctx)
	return a.Serve(ctx, ln, app.Notices{
		Setup: printSetupLink(a.Config),
		Ready: func(c *corp.Corp) {
			fmt.Printf("群策 Qunce: %s\n回调地址 callback URL: %s%s\n", c.Address(), c.Address(), doctor.CallbackPath(c.Schema))
		},
	})
}

func corpCommand(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("corp", flag.ContinueOnError)
	var t tenant.Corp
	fs.StringVar(&t.Name, "name", "", "企业名称 the brand's name")
	fs.StringVar(&t.CorpID, "corp-id", "", "企业 ID，ww 开头 the corp id")
	fs.IntVar(&t.AgentID, "agent-id", 0, "自建应用的 AgentId the app's id")
	if len(args) == 0 || args[0] != "add" && args[0] != "secrets" {
		fmt.Fprintln(os.Stderr, "qunce corp add --name 品牌 --corp-id ww… --agent-id 1000002 < secrets\nqunce corp secrets --corp-id ww… < secrets   （更换密钥 replace them）\n  标准输入三行：应用 Secret、回调 Token、EncodingAESKey\n  standard input has three lines: the app's secret, the callback's token, its EncodingAESKey")
		return errUsage
	}
	a, err := open(ctx, fs, &config.Flags{}, args[1:])
	if err != nil {
		return err
	}
	defer a.Close()
	raw, err := io.ReadAll(io.LimitReader(os.Stdin, 4096))
	if err != nil {
		return err
	}
	lines := strings.Fields(string(raw))
	if len(lines) != 3 {
		return errs.E(errs.Invalid, "corp.secrets", "standard input must hold three lines: secret, token, EncodingAESKey")
	}
	t.Schema, t.Timezone = "corp_"+strings.ToLower(t.CorpID), "Asia/Shanghai"
	t.Secrets = tenant.Secrets{Secret: lines[0], CallbackToken: lines[1], EncodingAESKey: lines[2]}
	if args[0] == "secrets" {
		known, err := a.Tenant.BySchema(ctx, t.Schema)
		if err != nil {
			return err
		}
		// The three lines replace the app's own credentials; those of WeCom's built-in apps stay.
		known.Secrets.Secret, known.Secrets.CallbackToken, known.Secrets.EncodingAESKey = lines[0], lines[1], lines[2]
		if err := a.Tenant.UpdateSecrets(ctx, t.Schema, known.Secrets); err != nil {
			return err
		}
		fmt.Println("密钥已更换，运行中的 qunce serve 几秒内生效 secrets replaced; a running qunce serve takes them within seconds")
		return nil
	}
	if t, err = a.Tenant.Create(ctx, t); err != nil {
		return err
	}
	if _, err := a.Corp(ctx, t, nil); err != nil {
		return err
	}
	fmt.Printf("已登记 registered %s\n回调地址 callback URL: %s%s\n", t.Name, a.Config.PublicURL, doctor.CallbackPath(t.Schema))
	return nil
}

func userCommand(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("user", flag.ContinueOnError)
	name := fs.String("name", "", "姓名 name")
	email := fs.String("email", "", "邮箱 e-mail")
	role := fs.String("as", "owner", "角色 role: owner|operator|analyst")
	if len(args) == 0 || (args[0] != "add" && args[0] != "link") {
		fmt.Fprintln(os.Stderr, "qunce user add --name 张三 --email zhang@example.com [--as owner]\nqunce user link --email zhang@example.com")
		return errUsage
	}
	a, err := open(ctx, fs, &config.Flags{}, args[1:])
	if err != nil {
		return err
	}
	defer a.Close()
	c, err := theCorp(ctx, a)
	if err != nil {
		return err
	}
	users := a.Users(c)
	ctx = actor.With(ctx, actor.SystemActor())
	var u auth.User
	if args[0] == "add" {
		u, err = users.CreateUser(ctx, auth.NewUser{Name: *name, Email: *email, Role: actor.Role(*role)})
	} else {
		u, err = users.UserByEmail(ctx, *email)
	}
	if err != nil {
		return err
	}
	link, err := users.NewLink(ctx, u.ID)
	if err != nil {
		return err
	}
	fmt.Printf("一次性登录链接（24 小时内有效） one-time sign-in link: %s\n", users.LinkURL(link))
	return nil
}

func importCommand(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("import", flag.ContinueOnError)
	coords := fs.String("coords", "gcj02", "门店坐标系 coordinate system of stores: wgs84|gcj02|bd09")
	source := fs.String("source", "", "来源说明 where the file comes from")
	basis := fs.String("basis", "", "会员名单的合法性基础 legal basis of a member list: consent|contract")
	if len(args) == 0 || strings.HasPrefix(args[0], "-") {
		fmt.Fprintln(os.Stderr, "qunce import stores|orders|members [flags] FILE")
		return errUsage
	}
	a, err := open(ctx, fs, &config.Flags{}, args[1:])
	if err != nil {
		return err
	}
	defer a.Close()
	if fs.NArg() != 1 {
		return errs.E(errs.Invalid, "import.no_file", "name one file after the flags")
	}
	system, err := coordSystem(*coords)
	if err != nil {
		return err
	}
	c, err := theCorp(ctx, a)
	if err != nil {
		return err
	}
	f, err := os.Open(fs.Arg(0))
	if err != nil {
		return err
	}
	defer f.Close()
	r, err := c.Intake.RunFile(actor.With(ctx, actor.SystemActor()), intake.Kind(args[0]), filepath.Base(fs.Arg(0)), f, intake.Options{CoordSystem: system, Source: *source, LegalBasis: *basis})
	if err != nil {
		return err
	}
	fmt.Println(r)
	for _, e := range r.First {
		fmt.Printf("  第 %d 行 line %d %s：%s %q\n", e.Row, e.Row, e.Column, a.Catalog.Error(language(), e.Code, e.Params), e.Value)
	}
	return nil
}

func migrate(ctx context.Context, args []string) error {
	a, err := open(ctx, flag.NewFlagSet("migrate", flag.ContinueOnError), &config.Flags{}, args)
	if err != nil {
		return err
	}
	defer a.Close()
	list, err := a.Tenant.List(ctx)
	if err != nil {
		return err
	}
	for _, t := range list {
		if err := pg.MigrateCorp(ctx, a.Pool, t.Schema); err != nil {
			return err
		}
		fmt.Println(t.Schema, "已是最新 up to date:", pg.CorpVersion())
	}
	return nil
}
