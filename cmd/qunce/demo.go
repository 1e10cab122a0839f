package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"

	"qunce/internal/config"
	"qunce/internal/demo"
	"qunce/internal/geo"
)

var errUnbalanced = errors.New("账目不平，详见报告 the books do not balance; see the report")

func runDemo(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("demo", flag.ContinueOnError)
	var o demo.Options
	cfg := config.Default()
	coords := ""
	asJSON, fast := false, false
	level := ""
	fs.StringVar(&o.StoresFile, "stores", "", "门店文件 CSV/XLSX，可 gzip；不给则用内置的虚构连锁 stores file; the built-in chain without it")
	fs.StringVar(&coords, "coords", "gcj02", "门店文件的坐标系 wgs84|gcj02|bd09 coordinate system of the stores file")
	fs.StringVar(&o.OrdersFile, "orders", "", "订单文件 orders file; invented orders without it")
	fs.StringVar(&cfg.Listen, "listen", cfg.Listen, "监听地址 address to listen on")
	fs.StringVar(&cfg.DataDir, "data", cfg.DataDir, "数据文件夹 folder of all data")
	fs.Float64Var(&o.Speed, "speed", 0, "每秒最多走多少模拟秒；默认 720，即两分钟一天 simulated seconds per second at most (default 720: a day in two minutes)")
	fs.IntVar(&o.Days, "days", 7, "与 --exit 一起：跑几天 with --exit: how many days to run")
	fs.BoolVar(&o.Exit, "exit", false, "尽快跑完 --days 天，核对账目，然后退出；账平则返回 0 run the days as fast as it goes, check the books, exit 0 only if they balance")
	fs.BoolVar(&asJSON, "json", false, "报告用 JSON print the report as JSON")
	fs.IntVar(&o.MaxStores, "chain-stores", 0, "内置连锁的门店数，默认 300 stores of the built-in chain (default 300)")
	fs.IntVar(&o.People, "people", 0, "模拟顾客数，默认 30000 simulated customers (default 30000)")
	fs.Uint64Var(&o.Seed, "seed", 1, "随机种子 seed")
	fs.Func("faults", "模拟的企业微信怎样出错，JSON，见 docs/simulator.md，例如 '{\"lose\":0.05,\"double\":0.05}' how the simulated WeCom misbehaves, as JSON", func(v string) error {
		d := json.NewDecoder(strings.NewReader(v))
		d.DisallowUnknownFields()
		return d.Decode(&o.Faults)
	})
	fs.BoolVar(&fast, "no-fsync", false, "不落盘同步，只用于测试 no fsync, for tests only")
	fs.StringVar(&level, "log", "warn", "日志级别 log level")
	if err := fs.Parse(args); err != nil {
		return usageError(err)
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("demo 不接受参数 %q demo takes no argument %q", fs.Arg(0), fs.Arg(0))
	}
	system, err := coordSystem(coords)
	if err != nil {
		return err
	}
	o.Coords, o.Config, o.Durable = system, cfg, !fast
	if o.Self, err = os.Executable(); err != nil {
		return err
	}
	o.Log, err = logger(level, "text")
	if err != nil {
		return err
	}
	o.Out = os.Stdout
	if asJSON {
		o.Out = os.Stderr
	}
	report, err := demo.Run(ctx, o)
	if err != nil || report == nil {
		return err
	}
	if asJSON {
		enc := json.NewEncoder(os.Stdout)
		enc.SetIndent("", "  ")
		if err := enc.Encode(report); err != nil {
			return err
		}
	} else {
		report.Print(os.Stdout)
	}
	if !report.Balanced {
		return errUnbalanced
	}
	return nil
}

func usageError(err error) error {
	if errors.Is(err, flag.ErrHelp) {
		return errUsage
	}
	return errUsage
}

func coordSystem(s string) (geo.System, error) {
	for _, known := range []geo.System{geo.WGS84, geo.GCJ02, geo.BD09} {
		if string(known) == s {
			return known, nil
		}
	}
	return "", fmt.Errorf("--coords 只能是 wgs84、gcj02 或 bd09，不是 %q --coords must be wgs84, gcj02 or bd09, not %q", s, s)
}

func logger(level, format string) (*slog.Logger, error) {
	var l slog.Level
	if err := l.UnmarshalText([]byte(level)); err != nil {
		return nil, fmt.Errorf("--log 只能是 debug、info、warn、error: %w", err)
	}
	var h slog.Handler = slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: l})
	if format == "json" {
		h = slog.NewJSONHandler(os.Stderr, &slog.HandlerOptions{Level: l})
	}
	return slog.New(h), nil
}
