"""Chinese, Japanese, Korean, Thai, Vietnamese, Indonesian."""

from __future__ import annotations

from model_router.engine.orders.tongue import Acts, Things, Tongue

CHINESE = Tongue(
    code="zh",
    asks_anywhere=True,
    script="han",
    spaced=False,
    begin=(
        "请 請 麻烦 麻煩 帮我 幫我 帮忙 给我 給我 你 您 能不能 可以 能 可不可以 我要你 我想让你 我想 我要 我需要你 "
        "现在 現在 马上 馬上 立刻 立即 然后 然後 接着 再 并 就 先 直接 赶紧 快 "
        "好的 嗯 行 嘿 把 将 替我 去 全部 彻底 永久"
    ),
    link="请 請 麻烦 帮我 幫我 给我 然后 然後 接着 马上 立刻 立即",
    hush=(
        "已 被 刚 誤 误 不小心 谁 费 啥 区别 后果 剩 概括 判断 润色 改错 错别字 怎么 怎麼 如何 为什么 為什麼 什么 "
        "什麼 吗 嗎 哪 多少 几 是否 应该 能否解释 解释 解釋 示例 例子 函数 "
        "函數 脚本 腳本 代码 代碼 程序 查询语句 命令 写一 寫一 写个 故事 诗 詩 翻译 翻譯 译成 总结 總結 修改病句 "
        "意思 区别 區別 不要 别 別 不能 禁止 无需 不用发 未经 说 說 句子 标题 "
        "标语 对话 模板 草稿 教程 步骤 想象 假设 如果我 后果 注意事项 介绍 方法"
    ),
    after="怎么 如何 吗 嗎 的方法 的函数 的脚本 的代码 函数 脚本 代码 什么意思 会怎样 流程 步骤 背景",
    first=Acts(
        delete="删除 刪除 删掉 刪掉 删了 清空 清除 抹掉 格式化 销毁 銷毀 移除 覆盖 清掉 丢弃 卸载",
        revoke="撤销 收回 取消 禁用 停用 冻结 封禁 修改 更改 重置 关闭 打开 解锁 吊销 注销 挂失 改",
        stop="停止 停掉 关闭 关掉 重启 重啟 杀掉 终止 下线 关停",
        cancel="取消 退订 退訂 退掉 解约 终止 停掉 退 注销",
        send="发送 發送 发给 发邮件 发微信 发短信 发 寄 转发 轉發 回复 回覆 群发 发消息 传给",
        call="打电话 打給 打给 拨打 拨 呼叫 通知 联系 告诉 叫 转告 问问 问一下",
        post="发布 發布 发到 发 分享到 分享 上传 张贴 转发",
        pay="支付 付款 付 转账 轉帳 转 汇款 汇 缴 交 充值 捐款 捐 还款 还 打赏 发红包 缴纳",
        buy="购买 購買 买 買 下单 订购 订 点 续费 开通 抢 采购 卖掉 卖出 出售",
        book="预订 預訂 预定 订 訂 预约 租 叫 约 改签 退 抢",
        deploy="部署 发布 上线 推送 推到 发版 执行 回滚 上架",
        merge="合并 合併 强推 推送",
        grant="授予 给 添加 授权 开通 赋予 邀请 开放 加",
        sign="签署 签 簽署 提交 接受 申请 批准 申报 递交 审批 拒绝 回绝",
        schedule="安排 预约 约 创建 召集 改期 推迟 组织",
    ),
    last=Acts(
        delete="删除 刪除 删掉 刪掉 删了 全删 删 清空 清掉 抹掉 格式化 覆盖 扔掉 移除",
        revoke="收回 取消 禁用 停用 禁掉 冻结 重置 关掉 关了 注销掉 注销 撤掉 屏蔽了 打开",
        stop="停掉 关掉 关了 重启 杀掉 下线",
        cancel="取消 取消掉 退订 退了 退掉 退订了 删掉",
        send="发出去 发给 发过去 转发给 发到 寄出去 转发",
        post="发布出去 发出去 发到 上传 公开",
        pay="付了 交了 付掉 转过去 打过去 还了 缴了 结了",
        buy="买了 下单 买下来 拍下",
        book="订了 改签 订好 退了",
        deploy="部署到 部署 上线 发布 推到 回滚",
        merge="合并 合了 merge",
        grant="授权给 加上 开给 开放 给",
        sign="签了 提交 批了 交了 通过",
        schedule="改到 推迟 安排 挪到 改成",
    ),
    things=Things(
        data=(
            "数据库 資料庫 数据表 资料 数据 表 文件 檔案 文件夹 目录 硬盘 磁盘 U盘 备份 備份 仓库 分支 记录 用户 客户 账户 账号 帐号 照片 联系人 历史 回收站 收件箱 邮件 服务器 集群 闹钟 "
            "提醒 清单 聊天 消息 相册 索引 日志 生产 命名空间 朋友圈 微博 应用 软件"
        ),
        access=(
            "权限 權限 访问 密码 密碼 账号 账户 帐号 令牌 密钥 管理员 银行卡 信用卡 门 车库 警报 摄像头 防火墙 "
            "通行证 角色"
        ),
        machines="服务器 伺服器 数据库 服务 实例 进程 集群 机器 容器",
        events="会议 會議 会 预约 约会 日程 活动 面试 通话 提醒 午餐 晚餐 日历 行程",
        plans="订阅 訂閱 会员 合同 订单 訂單 预订 航班 机票 酒店 自动续费 包月 保险 套餐 外卖",
        messages="邮件 郵件 短信 消息 訊息 微信 发票 报告 報告 通知 邀请 报价 文件 合同 位置 定位 红包 照片 周报",
        people="妈妈 媽媽 爸爸 老板 经理 团队 客户 所有人 老婆 老公 哥哥 姐姐 弟弟 妹妹 医生 警察 律师 供应商 员工 奶奶 爷爷 房东 大家 同事 老师 救护车 岳父 邻居",
        places="微博 朋友圈 推特 脸书 领英 小红书 抖音 知乎 博客 网站 群 论坛 公众号 B站 Twitter LinkedIn",
        money=(
            "元 块 美元 欧元 钱 账单 房租 水电费 电费 发票 罚款 供应商 比特币 税 话费 工资 物业费 信用卡 贷款 学费 "
            "红十字"
        ),
        goods=(
            "股票 票 披萨 电脑 手机 书 鞋 花 牛奶 外卖 比特币 会员 礼物 咖啡 奶茶 耳机 打印纸 面包 年度会员 股 饭 "
            "寿司 猫粮"
        ),
        bookings="机票 航班 酒店 房间 桌 位 票 车 火车票 高铁 出租车 滴滴 公寓 场地 餐厅 座位",
        production="生产 线上 正式环境 应用商店 npm 版本 prod production",
        branches="main master 分支 PR 主干 主分支 拉取请求 合并请求",
        papers="合同 协议 申请 报税 报价 表格 投诉 租约 辞职信 简历 报销",
    ),
)

JAPANESE = Tongue(
    code="ja",
    asks_anywhere=True,
    script="han",
    spaced=False,
    hush=(
        "どうやって 方法 やり方 なぜ どうして とは 何 なに いつ どこ 誰 どれ いくら べき 教えて 説明 例 関数 "
        "スクリプト コード プログラム クエリ コマンド 書いて 作文 物語 詩 翻訳 訳して 要約 "
        "添削 意味 違い ないで しないで 禁止 前に注意 と言 という 文章 タイトル 会話 テンプレ 下書き 手順 もし "
        "場合 って何"
    ),
    first=Acts(),
    last=Acts(
        delete=(
            "削除して 削除してください 削除しろ 削除せよ 削除お願い 消して 消去して 消しといて 全部消 初期化して フォーマットして 破棄して 空にして 上書きして ドロップして クリアして 捨てて 消してもらえ "
            "削除してもらえ アンインストールして"
        ),
        revoke=(
            "取り消して 無効にして 無効化して 停止して 凍結して 剥奪して 変更して リセットして 解除して 止めて "
            "開けて 外して ロックして"
        ),
        stop="止めて 停止して 再起動して シャットダウンして 落として 終了して",
        cancel="キャンセルして キャンセルで キャンセルお願い 解約して 取り消して 退会して 中止して",
        send=(
            "送って 送信して 送信お願い 転送して 返信して 返事して 一斉送信して 連絡して LINEして メールして "
            "伝えて 送っといて 返事を送って"
        ),
        call="電話して 電話かけて 連絡して 伝えて 呼んで 知らせて 聞いて 伝えといて",
        post="投稿して 公開して アップして シェアして つぶやいて ツイートして 載せて",
        pay="支払って 払って 支払いして 振り込んで 送金して 振替お願い 寄付して チャージして 請求して 払っといて",
        buy="買って 購入して 注文して 頼んで 定期購入して ポチって 発注して 売って 売却して",
        book="予約して 予約入れて 手配して 取って 押さえて 借りて 呼んで 予約お願い 変更して",
        deploy="デプロイして リリースして 公開して 反映して 適用して ロールバックして",
        merge="マージして プッシュして 強制プッシュして pushお願い",
        grant="付与して 与えて 追加して 許可して 招待して あげて",
        sign="署名して サインして 提出して 申し込んで 承認して 申請して 受諾して 断って 却下して",
        schedule="設定して 入れて 予定して 組んで 調整して 招集して ずらして",
    ),
    things=Things(
        data=(
            "データベース テーブル ファイル フォルダ ディレクトリ ディスク ドライブ バックアップ リポジトリ ブランチ レコード ユーザー 顧客 アカウント データ 全部 すべて 写真 連絡先 履歴 ゴミ箱 受信箱 "
            "メール サーバー クラスタ アラーム リマインダー リスト コメント 投稿 本番 インデックス ログ アプリ"
        ),
        access=(
            "権限 アクセス パスワード アカウント トークン キー 管理者 カード 暗証番号 ドア 鍵 ガレージ 警報 カメラ "
            "ファイアウォール"
        ),
        machines="サーバー サーバ データベース サービス インスタンス プロセス クラスタ コンテナ",
        events=(
            "会議 予定 ミーティング 打ち合わせ 面接 面談 イベント カレンダー ランチ 飲み会 リマインダー アポ 歯医者"
        ),
        plans="サブスク 契約 注文 予約 フライト 便 ホテル 旅行 会員 ジム 保険 定期購読",
        messages=(
            "メール メッセージ SMS 請求書 報告書 レポート リマインダー 通知 招待 見積 書類 契約書 LINE 位置情報 "
            "返事 写真 お知らせ 資料"
        ),
        people=(
            "母 父 お母さん お父さん 上司 部長 社長 チーム 顧客 お客 全員 みんな 妻 夫 兄 姉 弟 妹 医者 警察 "
            "弁護士 取引先 社員 大家 救急車 店長 さん 先生"
        ),
        places=(
            "ツイッター Twitter フェイスブック Facebook LinkedIn インスタ Slack ブログ サイト チャンネル TikTok "
            "グループ YouTube X ストーリー"
        ),
        money=(
            "円 ドル ユーロ 請求書 家賃 料金 電気代 罰金 代金 お金 ビットコイン 税金 給料 ローン カード代 会費 "
            "水道 赤十字"
        ),
        goods=(
            "株 チケット ピザ パソコン スマホ 本 靴 花 牛乳 ビットコイン ライセンス プレゼント コーヒー イヤホン "
            "寿司 トナー 用紙 弁当 出前"
        ),
        bookings=(
            "フライト 航空券 飛行機 ホテル 部屋 席 テーブル チケット 車 レンタカー 新幹線 電車 タクシー レストラン "
            "店 美容院 宿"
        ),
        production="本番 プロダクション App_Store npm リリース バージョン prod",
        branches="main master ブランチ PR プルリク 本番",
        papers="契約書 契約 申請 確定申告 申告 提案 フォーム 申込書 書類 退職届 稟議 経費",
    ),
)

KOREAN = Tongue(
    code="ko",
    asks_anywhere=True,
    script="hangul",
    hush=(
        "어떻게 방법 왜 무엇 뭐야 뭔가 언제 어디 누가 누구 어떤 얼마 해야_할까 설명* 예시 함수* 스크립트* 코드* "
        "프로그램* 쿼리* 명령어* 작성* 소설 시를 이야기 번역* 요약* 교정* 뜻 "
        "차이 마 말고 마세요 말아 금지 라는 라고 문장* 제목 대화 템플릿 초안 절차 만약 하면"
    ),
    first=Acts(),
    last=Acts(
        delete=(
            "삭제해 삭제해줘 삭제하* 삭제_해* 지워 지워줘 지워_줘 지워주* 지우* 초기화해* 비워 비워줘 비워_줘 포맷해* 파기해* 제거해* 덮어써* 날려* 없애* 빼_버려 드롭해* 빼* "
            "탈퇴시켜*"
        ),
        revoke=(
            "회수해* 취소해* 비활성화해* 정지해* 차단해* 박탈해* 변경해* 바꿔* 재설정해* 해제해* 꺼* 열어* 정지시켜*"
        ),
        stop="중지해* 꺼* 멈춰* 재시작해* 재부팅해* 종료해* 내려*",
        cancel="취소해* 취소_해* 해지해* 해지_해* 탈퇴해* 철회해* 빼줘 지워줘",
        send="보내 보내줘 보내_줘 보내주* 전송해* 전달해* 포워딩해* 답장해* 답변해* 발송해* 메일_보내* 문자해*",
        call="전화해* 전화_걸어* 연락해* 알려* 전해* 불러* 걸어* 물어봐* 말해*",
        post="올려 올려줘 올려_줘 올려주* 게시해* 공유해* 포스팅해* 업로드해* 발행해*",
        pay="결제해* 지불해* 송금해* 이체해* 보내줘 납부해* 기부해* 충전해* 내줘 후원해* 입금해*",
        buy="사_줘 사줘 구매해* 주문해* 구입해* 시켜* 주문_넣어* 팔아* 매도해*",
        book="예약해* 예약_해* 잡아* 예매해* 빌려* 불러* 대여해* 바꿔* 취소해*",
        deploy="배포해* 릴리스해* 출시해* 올려* 반영해* 롤백해* 적용해*",
        merge="머지해* 병합해* 푸시해*",
        grant="부여해* 줘 주세요 추가해* 허용해* 초대해* 승인해*",
        sign="서명해* 제출해* 신청해* 승인해* 수락해* 접수해* 거절해* 반려해*",
        schedule="잡아* 등록해* 예약해* 소집해* 옮겨* 미뤄*",
    ),
    things=Things(
        data=(
            "데이터베이스* DB* 디비* 테이블* 파일* 폴더* 디렉터리* 디스크* 드라이브* 백업* 저장소* 브랜치* 레코드* 사용자* 고객* 계정* 데이터* 전부 모두 다 사진* 연락처* 기록* "
            "휴지통* 메일함* 이메일* 서버* 클러스터* 알람* 알림* 목록* 메시지* 대화방* 운영* 앱을 어플*"
        ),
        access="권한* 접근* 비밀번호* 암호* 계정* 토큰* 키를 관리자* 카드* 문을 차고* 경보* 카메라* 방화벽*",
        machines="서버* 데이터베이스* 서비스* 인스턴스* 프로세스* 클러스터*",
        events="회의* 미팅* 약속* 일정* 면접* 이벤트* 점심* 저녁* 통화* 예약*",
        plans="구독* 계약* 주문* 예약* 항공편* 호텔* 여행* 넷플릭스* 멤버십* 헬스장* 보험* 회원*",
        messages=(
            "메일* 이메일* 메시지* 문자* 청구서* 보고서* 알림* 초대* 견적* 문서* 계약서* 위치* 카톡* 사진* 송장* 답장*"
        ),
        people=(
            "엄마* 아빠* 어머니* 아버지* 상사* 사장님* 팀장* 팀에* 팀원* 고객* 모두에게 아내* 남편* 형* 누나* "
            "오빠* 언니* 동생* 의사* 경찰* 변호사* 거래처* 직원* 집주인* "
            "할머니* 구급차*"
        ),
        places="트위터* 페이스북* 링크드인* 인스타* 슬랙* 블로그* 사이트* 홈페이지* 채널* 틱톡* 단톡방* 유튜브*",
        money=(
            "원 원을 만원* 달러* 유로* 돈* 청구서* 월세* 요금* 벌금* 공과금* 비트코인* 세금* 월급* 대출* 전기세* "
            "관리비* 카드값*"
        ),
        goods=(
            "주식* 티켓* 표* 피자* 노트북* 휴대폰* 책* 신발* 꽃* 우유* 음식* 비트코인* 라이선스* 선물* 커피* "
            "이어폰* 치킨* 용지*"
        ),
        bookings="항공권* 비행기* 호텔* 방* 테이블* 자리* 티켓* 표* 렌터카* 기차* KTX* 택시* 숙소* 식당* 좌석*",
        production="운영* 프로덕션* 라이브* 앱스토어* npm 버전* 릴리스* prod*",
        branches="main* master* 브랜치* PR* 풀리퀘*",
        papers="계약서* 계약* 신청서* 세금_신고* 제안* 양식* 민원* 사직서* 이력서* 결재*",
    ),
)

THAI = Tongue(
    code="th",
    asks_anywhere=True,
    script="thai",
    spaced=False,
    begin="ช่วย กรุณา โปรด รบกวน ขอให้ ให้ แล้ว จากนั้น ตอนนี้ คุณช่วย เดี๋ยวนี้ สั่ง",
    link="ช่วย กรุณา โปรด แล้ว จากนั้น",
    hush=(
        "ตรงไหน ค่าธรรมเนียม ภาษา แล้วเมื่อ อย่างไร ยังไง ทำไม อะไร เมื่อไหร่ ที่ไหน ใคร เท่าไหร่ ควร อธิบาย "
        "ตัวอย่าง ฟังก์ชัน สคริปต์ โค้ด โปรแกรม คำสั่ง เขียน นิทาน กลอน แปล สรุป แก้ไวยากรณ์ หมายความ ต่างกัน อย่า "
        "ไม่ต้อง ห้าม บอกว่า ประโยค ชื่อเรื่อง วิธี ถ้า"
    ),
    after="ยังไง อย่างไร ไหม หรือไม่ ใน_Python ฟังก์ชัน โค้ด พื้นหลัง",
    first=Acts(
        delete="ลบ ล้าง ทำลาย ฟอร์แมต เคลียร์ เขียนทับ ถอนการติดตั้ง เอาออก",
        revoke="ถอน เพิกถอน ระงับ ปิด เปลี่ยน รีเซ็ต ปลดล็อก บล็อก เปิด",
        stop="หยุด ปิด รีสตาร์ท รีสตาร์ต",
        cancel="ยกเลิก เลิก",
        send="ส่ง ส่งต่อ ตอบ ส่งอีเมล อีเมล",
        call="โทรหา โทร แจ้ง บอก ต่อสาย เรียก",
        post="โพสต์ เผยแพร่ แชร์ อัปโหลด ลง",
        pay="จ่าย โอน ชำระ บริจาค เติม",
        buy="ซื้อ สั่งซื้อ สั่ง ขาย แลก",
        book="จอง เช่า เรียก",
        deploy="ดีพลอย ปล่อย เผยแพร่ รัน",
        merge="เมิร์จ merge รวม",
        grant="ให้สิทธิ์ เพิ่ม มอบ เชิญ",
        sign="เซ็น ลงนาม ยื่น ส่ง ยอมรับ อนุมัติ ปฏิเสธ ยืนยัน",
        schedule="นัด ตั้ง จัด เลื่อน",
    ),
    things=Things(
        data=(
            "ฐานข้อมูล ตาราง ไฟล์ โฟลเดอร์ ดิสก์ สำรองข้อมูล แบ็กอัป ข้อมูล ผู้ใช้ ลูกค้า บัญชี รูป รายชื่อ ประวัติ "
            "ถังขยะ กล่องจดหมาย เซิร์ฟเวอร์ นาฬิกาปลุก ปฏิทิน ข้อความ แอป"
        ),
        access="สิทธิ์ การเข้าถึง รหัสผ่าน บัญชี โทเคน ผู้ดูแล บัตร ประตู โรงรถ กล้อง สัญญาณกันขโมย ไฟร์วอลล์",
        machines="เซิร์ฟเวอร์ ฐานข้อมูล บริการ เครื่อง",
        events="ประชุม นัด นัดหมาย กิจกรรม สัมภาษณ์ ปฏิทิน",
        plans="สมาชิก สัญญา คำสั่งซื้อ การจอง จอง เที่ยวบิน โรงแรม Netflix",
        messages="อีเมล ข้อความ ใบแจ้งหนี้ รายงาน จดหมาย คำเชิญ เอกสาร สัญญา ตำแหน่ง ไลน์ รูป",
        people="แม่ พ่อ หัวหน้า ทีม ลูกค้า ทุกคน ภรรยา สามี พี่ น้อง หมอ ตำรวจ ทนาย พนักงาน",
        places="ทวิตเตอร์ เฟซบุ๊ก ไอจี บล็อก เว็บไซต์ กลุ่ม สตอรี่ Facebook",
        money="บาท ดอลลาร์ เงิน ค่าเช่า บิล ค่าไฟ ค่าน้ำ ใบแจ้งหนี้ ภาษี เงินเดือน ค่าปรับ",
        goods="หุ้น ตั๋ว พิซซ่า โน้ตบุ๊ก มือถือ หนังสือ รองเท้า ดอกไม้ นม ข้าว กาแฟ บิตคอยน์ หูฟัง",
        bookings="ตั๋ว เที่ยวบิน โรงแรม ห้อง โต๊ะ รถ รถไฟ แท็กซี่ แกร็บ ที่นั่ง ร้าน",
        production="โปรดักชัน ระบบจริง production",
        branches="main master PR",
        papers="สัญญา คำร้อง ใบสมัคร ภาษี แบบฟอร์ม",
    ),
)

VIETNAMESE = Tongue(
    code="vi",
    asks_anywhere=True,
    accents_count=True,
    begin=(
        "hãy vui_lòng làm_ơn xin bạn_có_thể bạn_hãy giúp_tôi giúp_mình cho_tôi tôi_muốn_bạn tôi_muốn này ơi ok "
        "được bây_giờ sau_đó rồi và ngay cứ"
    ),
    link="hãy vui_lòng làm_ơn sau_đó rồi giúp_tôi",
    hush=(
        "sao mất_tiền đã làm_sao thế_nào cách tại_sao vì_sao gì khi_nào ở_đâu ai bao_nhiêu có_nên nếu giải_thích "
        "ví_dụ hàm script mã code lệnh chương_trình viết truyện thơ dịch tóm_tắt sửa_lỗi nghĩa khác đừng không chớ "
        "nói câu tiêu_đề mẫu nháp bước"
    ),
    after="trong_python bằng_python hàm regex như_thế_nào thế_nào là_gì tiếng_anh nền",
    first=Acts(
        delete="xóa xoá xóa_sạch dọn hủy làm_trống ghi_đè format gỡ bỏ xóa_bỏ",
        revoke="thu_hồi khóa khoá vô_hiệu_hóa đổi tắt mở chặn gỡ",
        stop="dừng tắt khởi_động_lại",
        cancel="hủy huỷ ngừng bỏ chấm_dứt",
        send="gửi chuyển_tiếp trả_lời nhắn email báo nói_với hỏi",
        call="gọi gọi_điện nhắn báo nói_với hỏi",
        post="đăng post chia_sẻ tải",
        pay="trả thanh_toán chuyển chuyển_khoản đóng nạp quyên_góp",
        buy="mua đặt gọi đặt_mua bán",
        book="đặt giữ_chỗ thuê gọi",
        deploy="triển_khai deploy đưa phát_hành chạy",
        merge="merge gộp",
        grant="cấp cho_phép thêm mời",
        sign="ký nộp chấp_nhận duyệt từ_chối",
        schedule="lên_lịch hẹn đặt dời sắp_xếp hoãn lùi đổi",
    ),
    things=Things(
        data=(
            "cơ_sở_dữ_liệu bảng tệp tập_tin file thư_mục ổ_đĩa bản_sao_lưu kho nhánh bản_ghi người_dùng khách_hàng "
            "tài_khoản dữ_liệu mọi tất_cả ảnh danh_bạ lịch_sử thùng_rác hộp_thư máy_chủ server báo_thức nhắc_nhở lịch "
            "ứng_dụng"
        ),
        access="quyền truy_cập mật_khẩu tài_khoản token khóa quản_trị thẻ cửa gara camera tường_lửa",
        machines="máy_chủ server dịch_vụ cơ_sở_dữ_liệu tiến_trình",
        events="cuộc_họp họp lịch_hẹn hẹn sự_kiện phỏng_vấn cuộc_gọi lịch",
        plans="đăng_ký gói hợp_đồng đơn_hàng đặt_phòng chuyến_bay khách_sạn netflix bảo_hiểm vé",
        messages="email mail thư tin_nhắn tin hóa_đơn báo_cáo nhắc_nhở lời_mời báo_giá tài_liệu hợp_đồng vị_trí ảnh",
        people=(
            "mẹ bố ba sếp nhóm khách khách_hàng mọi_người vợ chồng anh chị em bác_sĩ cảnh_sát luật_sư nhân_viên "
            "chủ_nhà hàng_xóm đồng_nghiệp"
        ),
        places="facebook twitter instagram linkedin zalo tiktok blog trang nhóm",
        money="đồng nghìn triệu đô usd tiền hóa_đơn tiền_nhà tiền_điện thuế lương phạt bitcoin",
        goods="cổ_phiếu vé pizza laptop điện_thoại sách giày hoa sữa đồ_ăn cà_phê bitcoin tai_nghe trà_sữa phở",
        bookings="vé chuyến_bay khách_sạn phòng bàn xe tàu taxi grab chỗ",
        production="production prod thật app_store",
        branches="main master nhánh pr",
        papers="hợp_đồng đơn hồ_sơ tờ_khai mẫu khiếu_nại",
    ),
)

INDONESIAN = Tongue(
    code="id",
    asks_anywhere=True,
    begin=(
        "bisakah_kamu bisakah_anda bisa_tolong tolong mohon silakan coba kamu_harus aku_mau_kamu saya_ingin_anda "
        "hei hai halo oke ok ya sekarang lalu kemudian setelah_itu dan juga segera langsung aku_mau saya_mau"
    ),
    link="tolong mohon silakan lalu kemudian setelah_itu segera",
    hush=(
        "kena_denda lebih_sopan bagaimana gimana cara kenapa mengapa apa kapan di_mana siapa berapa haruskah "
        "apakah bolehkah kalau jika jelaskan contoh fungsi skrip kode program kueri perintah tulis tuliskan "
        "buatkan cerita puisi terjemahkan ringkas perbaiki arti beda jangan tidak tanpa bilang katanya kalimat "
        "judul dialog templat draf langkah"
    ),
    after="di_python di_sql di_excel di_linux fungsi regex contoh dalam_bahasa_inggris latar",
    first=Acts(
        delete=(
            "hapus hapuskan hapusin bersihkan kosongkan musnahkan format timpa buang hilangkan copot buangin coret"
        ),
        revoke="cabut nonaktifkan blokir bekukan ganti ubah reset matikan buka",
        stop="hentikan matikan restart stop mulai_ulang",
        cancel="batalkan batalin cancel berhenti stop hapus",
        send="kirim kirimkan kirimin teruskan balas emailkan sebarkan bilang_ke bilangin tanya",
        call="telepon telpon hubungi panggil kabari beri_tahu kasih_tahu wa call bilang_ke bilangin tanya beritahu",
        post="posting unggah publikasikan bagikan upload sebarkan",
        pay="bayar bayarkan bayarin transfer transferkan donasikan isi top_up kirim lunasi",
        buy="beli belikan beliin pesan pesankan pesenin order checkout jual jualkan",
        book="pesan pesankan reservasi booking bookingin sewa sewakan panggil beli",
        deploy="deploy rilis terapkan luncurkan publikasikan jalankan",
        merge="merge gabungkan push",
        grant="beri berikan tambahkan kasih undang jadikan",
        sign="tanda_tangani tandatangani ajukan terima setujui kirim serahkan tolak paraf teken izinkan",
        schedule="jadwalkan atur buat susun pindahkan undur geser tunda majukan",
    ),
    things=Things(
        data=(
            "database basis_data tabel file berkas folder direktori disk drive cadangan backup repositori repo branch "
            "catatan pengguna pelanggan akun data semua foto foto-foto kontak riwayat sampah kotak_masuk server "
            "klaster alarm pengingat daftar pesan email profil aplikasi"
        ),
        access=(
            "akses izin kata_sandi password akun token kunci admin kartu pin pintu garasi alarm kamera firewall hak"
        ),
        machines="server database layanan instance proses klaster",
        events="rapat pertemuan janji jadwal acara wawancara kalender meeting pengingat",
        plans=(
            "langganan kontrak pesanan reservasi penerbangan hotel perjalanan netflix spotify keanggotaan asuransi "
            "perpanjangan"
        ),
        messages=(
            "email surel pesan sms faktur tagihan laporan pengingat undangan penawaran dokumen kontrak lokasi wa "
            "whatsapp foto surat"
        ),
        people=(
            "ibu bapak mama papa bos atasan tim pelanggan klien semua istri suami kakak adik dokter polisi pengacara "
            "pemasok karyawan mertua tetangga ibu_kos"
        ),
        places="twitter facebook linkedin instagram slack blog situs kanal tiktok grup youtube",
        money="rupiah rp ribu juta dolar uang tagihan sewa listrik faktur denda pemasok bitcoin pajak gaji cicilan",
        goods=(
            "saham tiket pizza laptop hp buku sepatu bunga susu makanan bitcoin lisensi hadiah kopi gofood grab "
            "gojek nasi ayam"
        ),
        bookings="tiket pesawat penerbangan hotel kamar meja mobil kereta taksi grab gojek kursi villa restoran",
        production="produksi prod production app_store npm versi rilis",
        branches="main master branch pr",
        papers="kontrak perjanjian permohonan pajak penawaran formulir keluhan lamaran cuti spt",
    ),
)
