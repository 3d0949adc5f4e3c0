"""English."""

from __future__ import annotations

from model_router.engine.orders.tongue import Acts, Things, Tongue

ENGLISH = Tongue(
    code="en",
    begin=(
        "can_you could_you would_you will_you can_u could_u can_we id_like_you_to i'd_like_you_to "
        "i_would_like_you_to "
        "i_want_you_to i_need_you_to i_want_to i_need_to i_wanna i'd_like_to i_would_like_to you_must you_should "
        "you_have_to you_need_to we_need_to we_must lets let's hey hi hello ok okay yes yeah yep alright right sure "
        "well so great thanks go_and go_ahead just simply kindly quickly first finally afterwards immediately now "
        "next "
        "after_that computer assistant alexa siri google help_me try_to do to and also somebody someone maybe "
        "perhaps "
        "permanently completely irrevocably automatically force sudo bulk mass urgently actually instead "
        "your_task_is_to "
        "your_job_is_to remember_to be_sure_to make_sure_to make_sure_you don't_forget_to would_you_mind bot"
    ),
    link=(
        "please pls plz kindly then go_ahead_and and_then after_that afterwards immediately remember_to make_sure_to "
        "make_sure_you be_sure_to don't_forget_to i_want_you_to i_need_you_to your_task_is_to your_job_is_to "
        "proceed_to could_you can_you would_you and"
    ),
    hush=(
        "how why what what's whats when where which who whether if_i if_we if_you should_i should_we do_i do_we "
        "did does "
        "is_it is_there are_there can_i could_i may_i explain describe define difference mean means meaning example* "
        "sample* tutorial guide steps script* function* method class code program query regex regexp snippet* "
        "command* "
        "endpoint api write draft compose story poem joke essay translate translat* summari* rewrite rephrase "
        "paraphras* "
        "proofread classify say said says saying told tells asked asks asking wrote never not don't dont do_not "
        "doesn't "
        "didn't won't cannot can't without avoid instead_of before_you imagine pretend suppose scenario "
        "hypothetical* "
        "title* headline* lyrics song called named titled question* quiz button* act_as pretend_to terminal "
        "simulat* extract list_of commit_message test_case* unit_test* "
        "attempt* prevent* stop_people role_play roleplay dialogue convert correct_the grammar sentence* phrase* "
        "tried trying wants wanted would_i user_story user_stories ticket feature create_a build implement"
    ),
    after=(
        "why via_smtp in_dart in_django in_flask in_csharp in_scala in_perl in_lua in_haskell in_matlab in_julia "
        "in_docker in_css in_html in_vue in_angular on_a_mac on_mac on_windows is_that is_it is_this picture photo "
        "image in_python in_javascript in_java in_sql in_bash in_excel in_c in_c++ in_go in_rust in_php in_ruby "
        "in_r "
        "in_typescript in_pandas in_git in_linux in_react in_node in_vim in_word in_powershell in_kotlin in_swift "
        "dataframe regex function command script tutorial example meaning synonym* in_french in_german in_spanish "
        "in_english in_japanese sentence paragraph essay poem story unused background from_this_text array string "
        "linked_list binary_tree stack_trace console.log without_losing vs versus"
    ),
    first=Acts(
        delete=(
            "delete remove drop wipe wipe_out erase destroy purge truncate overwrite nuke clear clear_out empty "
            "get_rid_of trash terminate decommission tear_down factory_reset shred discard obliterate expunge scrub "
            "zap blow_away throw_away throw_out unpublish uninstall unfollow bin ditch scrap"
        ),
        revoke=(
            "revoke disable deactivate suspend reset change rotate invalidate lock unlock block ban kick_out remove"
        ),
        stop=(
            "format reformat kill stop shut_down shutdown power_off turn_off switch_off restart reboot take_down "
            "bring_down scale_down reset"
        ),
        cancel="cancel unsubscribe call_off terminate end quit close drop delete remove unsubscribe_me_from",
        send="send forward email e-mail dm reply reply_to respond_to resend fax shoot",
        call=(
            "mail whatsapp sms dm call phone ring dial facetime video_call call_up notify text message email ping tell"
        ),
        post="post publish tweet share upload announce broadcast",
        pay=(
            "pay transfer wire donate send remit venmo zelle tip refund give charge top_up withdraw invest bid "
            "spend pay_off"
        ),
        buy="buy purchase order get_me reorder re-order subscribe_to renew preorder pre-order sell",
        book="book reserve rent hire hail rebook reschedule cancel change order call get_me find_and_book",
        deploy=(
            "deploy release ship roll_out rollout push publish promote launch roll_back rollback apply run migrate "
            "restart"
        ),
        merge="merge force_push force-push push rebase_and_push squash_and_merge cherry-pick",
        grant="grant give assign invite elevate",
        sign="sign accept submit file lodge approve countersign notarize decline reject",
        schedule=(
            "schedule set_up arrange organize organise book move reschedule postpone add push_back bring_forward"
        ),
    ),
    things=Things(
        data=(
            "database* db dbs prod_db table tables schema* namespace* volume* bucket* backup* snapshot* partition* "
            "disk disks drive drives hard_drive file files folder* director* repo repos repositor* branch branches "
            "records customer_data user_data all_data all_the_data data account accounts users all_users customers "
            "inbox photo_library photos contacts contact playlist* instance instances cluster* vm vms containers logs "
            "everything entire_history browser_history browsing_history history recordings voicemail* workspace* "
            "project tenant* server servers everything_on my_tweets tweets my_posts listing listings profile profiles "
            "all_rows secrets certificates home_directory root_directory partition_table trash recycle_bin alarm "
            "alarms reminder reminders list lists shopping_list to-do_list todo_list voice_memo* screenshots "
            "downloads queue queues app apps software"
        ),
        access=(
            "access permission* privilege* admin_rights admin_role admin_access api_key* api_token* token tokens "
            "credentials "
            "password* passcode* pin account accounts ssh_key* root_access owner_role editor_role two-factor* 2fa "
            "mfa firewall* "
            "card credit_card debit_card alarm_system security_camera* front_door back_door garage garage_door door "
            "administrator admin admins superuser owner_rights write_access read_access"
        ),
        machines=(
            "hard_drive hard_disk drive drives disk disks partition* usb_stick usb_drive sd_card server* cluster* "
            "database* instance* service* node nodes vm vms pod pods container* host hosts router process "
            "processes all_processes"
        ),
        events=(
            "meeting* appointment* event events reservation* interview* call calls standup stand-up sync "
            "reminder* webinar* lunch dinner conference* demo session* invite* check-up checkup viewing"
        ),
        plans=(
            "subscription* membership* plan account order orders contract trial auto-renewal insurance policy "
            "netflix "
            "spotify hulu gym booking* trip flight* hotel* ride delivery policy newsletter* service"
        ),
        messages=(
            "email emails e-mail e-mails mail mails message messages text texts sms invoice* newsletter* reminder* "
            "report reports "
            "reply notification* announcement* invitation* invite invites memo postcard* fax press_release documents "
            "attachment* contract summary proposal* quote quotes payslip* location address conversation* chat "
            "chats thread* "
            "spam drafts note update photos pictures pics files link it_to this_to them_to that_to"
        ),
        people=(
            "mom mum mother dad father my_wife my_husband my_boss boss my_manager manager team everyone everybody "
            "all_customers "
            "customers clients client subscribers the_team the_board board my_landlord landlord my_sister my_brother "
            "sister brother wife husband doctor dr police 911 ambulance lawyer accountant hr grandma grandpa aunt "
            "uncle "
            "my_friend my_friends colleagues staff whole_team whole_company mailing_list press tenants suppliers "
            "supplier "
            "the_group group plumber dentist neighbor neighbour roommate restaurant taxi cab support customer_service"
        ),
        places=(
            "twitter facebook linkedin instagram slack reddit tiktok youtube our_blog the_blog company_blog website "
            "channel* forum* tweet discord mastodon threads bluesky x.com social_media teams whatsapp story "
            "intranet feed timeline"
        ),
        money=(
            "dollar* bucks euro* pound* usd eur gbp $ € £ money invoice* bill bills rent tuition fine fines ticket "
            "mortgage "
            "taxes tax supplier* vendor* bitcoin btc eth crypto salary salaries contractors deposit loan fee fees "
            "credit_card "
            "charity red_cross refund funds savings payment electric electricity insurance yen rupees francs"
        ),
        goods=(
            "share shares stock stocks ticket tickets subscription* licence* license* gift_card* laptop* phone* "
            "pizza* "
            "flowers groceries groceries milk food sushi burger* coffee shoes headphones charger* book books toner "
            "paper uber lyft "
            "taxi cab bitcoin btc ethereum eth crypto units pairs boxes dozen bottles copies medicine dog_food "
            "cat_food "
            "diapers batteries chairs desk desks monitor* printer* iphone* domain ssd gpu premium pro_plan takeout "
            "takeaway "
            "dinner lunch breakfast dress jacket tv bike supplies amazon ebay chinese thai indian_food"
        ),
        bookings=(
            "flight* hotel* room rooms table ticket tickets car seat seats train trains apartment* airbnb trip "
            "taxi cab uber "
            "lyft ride tour court campsite cabin van reservation haircut massage dentist appointment cruise ferry "
            "bus "
            "restaurant stay villa bnb parking rental truck venue"
        ),
        production=(
            "production prod live_site live_system live_server live_database customers main_cluster app_store "
            "play_store "
            "npm pypi docker_hub the_cloud staging release build hotfix migration migrations live terraform "
            "kubernetes k8s"
        ),
        branches=(
            "main master trunk origin pr prs pull_request* release_branch develop production merge_request* branch"
        ),
        papers=(
            "contract* lease* agreement* tax_return* taxes application* claim* job_offer loan_offer lawsuit* nda ndas "
            "petition* visa_application insurance_claim timesheet* expense_report* resignation form forms deed permit "
            "patent offer terms complaint report ticket invoice* documents cv resume resumes tender bid invitation "
            "leave_request* time-off"
        ),
    ),
)
