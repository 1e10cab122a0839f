// Command qunce is the whole product in one binary: the server, the demo with its simulated WeCom, and the tools of the
// person who installs it. Each subcommand has its own file; main only finds it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"sort"
	"strings"
	"syscall"

	"qunce/internal/errs"
	"qunce/internal/failpoint"
	"qunce/internal/i18n"
)

// command is one subcommand: args are those after its name.
type command struct {
	help string
	run  func(ctx context.Context, args []string) error
}

func commands() map[string]command {
	return map[string]command{
		"serve":      {"运行服务 run the server", serve},
		"demo":       {"运行演示：真实服务 + 企业微信模拟器 run the server on a simulated chain", runDemo},
		"sim":        {"单独运行企业微信模拟器 run the WeCom simulator alone", runSim},
		"corp":       {"登记一个企业 register a WeCom corp", corpCommand},
		"user":       {"新建用户、签发一次性登录链接 make users and one-time links", userCommand},
		"import":     {"导入门店、订单、会员文件 import stores, orders or members", importCommand},
		"setup-link": {"新的初始设置链接 a new link for the first run in the browser", setupLink},
		"doctor":     {"体检：企业微信、回调、服务器 examine the installation", doctorCommand},
		"archive":    {"检查、接上会话存档适配程序 check and connect the chat archive's adapter", archiveCommand},
		"migrate":    {"升级数据库结构 bring the database schema up to date", migrate},
		"openapi":    {"写出 OpenAPI 文档 write the OpenAPI documents", openAPI},
		"bench":      {"测速，并与极限对照 measure, beside the limits", runBench},
		"failpoints": {"列出全部故障点 list all failpoints", listFailpoints},
		"version":    {"版本 version", version},
	}
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	os.Exit(run(ctx, os.Args[1:], os.Stderr))
}

func run(ctx context.Context, args []string, stderr io.Writer) int {
	all := commands()
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(stderr, all)
		return 2
	}
	c, ok := all[args[0]]
	if !ok {
		fmt.Fprintf(stderr, "qunce: 没有 %q 这个命令 there is no command %q\n\n", args[0], args[0])
		usage(stderr, all)
		return 2
	}
	err := c.run(ctx, args[1:])
	switch {
	case err == nil, errors.Is(err, context.Canceled) && ctx.Err() != nil:
		return 0
	case errors.Is(err, errUsage):
		return 2
	}
	fmt.Fprintln(stderr, "qunce:", sentence(err))
	return 1
}

// errUsage says that the usage was printed already.
var errUsage = errors.New("usage")

// sentence is an error for the person at the terminal: what is known of it for users first, then the detail.
func sentence(err error) string {
	var e *errs.Error
	if !errors.As(err, &e) {
		return err.Error()
	}
	catalog, cerr := i18n.Load()
	if cerr != nil {
		return err.Error()
	}
	return catalog.Error(language(), e.Code, e.Params) + "\n  (" + err.Error() + ")"
}

// language is the terminal's.
func language() i18n.Lang {
	if strings.HasPrefix(os.Getenv("LANG"), "zh") {
		return i18n.Chinese
	}
	return i18n.English
}

func usage(w io.Writer, all map[string]command) {
	fmt.Fprint(w, "群策 Qunce —— 在企业微信上运营客户社群的自托管平台\n\nqunce <command> [flags]\n\n")
	names := make([]string, 0, len(all))
	for name := range all {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Fprintf(w, "  %-10s %s\n", name, all[name].help)
	}
}

func version(context.Context, []string) error {
	v := "devel"
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				v = s.Value
			}
		}
		fmt.Println("qunce", v, info.GoVersion)
		return nil
	}
	fmt.Println("qunce", v)
	return nil
}

func listFailpoints(context.Context, []string) error {
	for _, name := range failpoint.Names() {
		fmt.Println(name)
	}
	return nil
}
