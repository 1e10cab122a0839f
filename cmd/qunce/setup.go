package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"strings"

	"qunce/internal/config"
	"qunce/internal/doctor"
	"qunce/internal/setup"
)

// printSetupLink tells where the first run goes on. A public name may not lead here yet, so this machine's own address is
// told, too.
func printSetupLink(cfg config.Config) func(link string) {
	return func(link string) {
		fmt.Printf("\n还没有设置。用浏览器打开下面的链接，照着做（24 小时内有效，用一次即失效；新的链接：qunce setup-link）\nNot set up yet. Open this link in a browser (valid for 24 hours, works once; a new one: qunce setup-link)\n\n  %s\n\n", link)
		if host, _, err := net.SplitHostPort(cfg.Listen); err == nil && (host == "" || host == "0.0.0.0" || host == "::") && doctor.IsLocalURL(cfg.PublicURL) {
			fmt.Print("从别的电脑打开时，把 127.0.0.1 换成这台机器的地址 from another computer, use this machine's address instead of 127.0.0.1\n\n")
		}
		if _, token, ok := strings.Cut(link, "#"); ok && !doctor.IsLocalURL(cfg.PublicURL) {
			fmt.Printf("域名还不通时，在本机打开 where the name does not lead here yet, on this machine: %s\n\n", setup.LinkURL(config.LocalURL(cfg.Listen), token))
		}
	}
}

// setupLink makes a new link; an earlier one ends.
func setupLink(ctx context.Context, args []string) error {
	a, err := open(ctx, flag.NewFlagSet("setup-link", flag.ContinueOnError), &config.Flags{}, args)
	if err != nil {
		return err
	}
	defer a.Close()
	token, err := a.Setup().NewLink(ctx)
	if err != nil {
		return err
	}
	printSetupLink(a.Config)(setup.LinkURL(a.Config.PublicURL, token))
	return nil
}
